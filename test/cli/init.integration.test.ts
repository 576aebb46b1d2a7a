// `lbuild init`: the files of a new distro, the files that it keeps, and its errors.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TEMPLATES } from '../../src/templates/templates.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { TestWorkspace } from '../support/workspace.ts'

const ALL = [...TEMPLATES.keys()]

/** A workspace in a directory of that name, into which a template was written. */
async function initialized(template: string, name = 'tiny-linux'): Promise<TestWorkspace> {
  const workspace = new TestWorkspace({}, `${temporaryDirectory()}/${name}`)
  await new TestWorkspace({}).succeed('init', workspace.root, '--template', template)
  return workspace
}

/** Every file of a workspace, by path. */
const filesOf = (workspace: TestWorkspace): Readonly<Record<string, string>> =>
  Object.fromEntries(
    fs
      .readdirSync(workspace.root, { recursive: true, encoding: 'utf8' })
      .filter((path) => fs.lstatSync(workspace.path(path)).isFile())
      .sort()
      .map((path) => [path, workspace.read(path)]),
  )

describe.each(ALL)('the template %s', (template) => {
  it('has a config that loads, a target qcow2, and everything around it', async () => {
    const workspace = await initialized(template)
    for (const path of [
      '.github/workflows/build.yml',
      '.gitignore',
      '.gitlab-ci.yml',
      'README.md',
      'artifacts/qcow2/index.ts',
      'build.config.ts',
      'package.json',
      'tsconfig.json',
    ])
      expect(workspace.exists(path), path).toBe(true)
    expect(await workspace.verdicts()).toMatchObject({ base: 'stale', qcow2: 'stale' })
  })

  it('is named by the directory, in every file', async () => {
    const workspace = await initialized(template)
    const files = filesOf(workspace)
    expect(Object.keys(files).filter((path) => files[path]?.includes('mydistro'))).toEqual([])
    expect(files['artifacts/qcow2/index.ts']).toContain("'tiny-linux.qcow2'")
    expect(JSON.parse(files['package.json'] ?? '')).toMatchObject({ name: 'tiny-linux', private: true })
  })

  it('commits no lockfile, and ignores what a build writes', async () => {
    const workspace = await initialized(template)
    expect(Object.keys(filesOf(workspace)).filter((path) => path.endsWith('.lock'))).toEqual([])
    for (const path of ['cache/objects/a', 'output/b', 'node_modules/c/d']) workspace.write(path, '')
    execFileSync('git', ['init', '-q'], { cwd: workspace.root })
    const untracked = execFileSync('git', ['status', '--porcelain', '-uall'], { cwd: workspace.root })
    expect(untracked.toString()).not.toMatch(/ (cache|output|node_modules)\//)
    expect(untracked.toString()).toContain('?? build.config.ts\n')
  })

  it('names the lockfiles and the target that exist in README and CI', async () => {
    const workspace = await initialized(template)
    const { lockfiles } = JSON.parse((await workspace.lbuild('graph', '--format', 'json')).stdout) as {
      lockfiles: readonly { path: string }[]
    }
    const readme = workspace.read('README.md')
    for (const { path } of lockfiles) expect(readme).toContain(path.replace(/.*\//, ''))
    for (const path of ['.github/workflows/build.yml', '.gitlab-ci.yml'])
      expect(workspace.read(path)).toContain('npx lbuild qcow2 --locked --install-tools')
    const { code, stderr } = await workspace.lbuild('qcow2', '--locked')
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error: (the lockfile '.*' is|2 lockfiles are) missing/)
  })
})

it('writes the minimal template, with at most 80 lines of TypeScript and an executable init, and says so', async () => {
  const workspace = new TestWorkspace({})
  const { code, stdout, stderr } = await workspace.lbuild('init')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(
    /^created \d+ files of the template 'minimal' \(the default; --template debian selects another\) in \//,
  )
  expect(stdout).toContain('\nnext:\n  npm install\n  npx lbuild qcow2 --install-tools\n')
  const lines = Object.entries(filesOf(workspace)).map(([path, text]) =>
    path.endsWith('.ts') ? text.split('\n').length - 1 : 0,
  )
  expect(lines.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(80)
  expect(fs.statSync(workspace.path('artifacts/initramfs/files/init')).mode & 0o777).toBe(0o755)
})

it.each([
  ["It's a Distró; $(true)", 'it-s-a-distro-true'],
  ['…', 'mydistro'],
  ['"]\n[', 'mydistro'],
  ['-a-', 'a'],
  [`${'long '.repeat(20)}`, `${'long-'.repeat(12)}lon`],
])('derives a name without quotes from the directory %j', async (directory, name) => {
  const workspace = await initialized('minimal', directory)
  expect(JSON.parse(workspace.read('package.json'))).toMatchObject({ name })
  expect(await workspace.verdicts()).toMatchObject({ qcow2: 'stale' })
})

describe('a file that exists', () => {
  it('is kept, and what to add to it is printed', async () => {
    const own = {
      '.gitignore': 'cache\n*.o\n',
      'README.md': 'mine\n',
      'build.config.ts': 'export default {}\n',
      'package.json': '{ "devDependencies": { "lbuild": "file:../lbuild-0.1.0.tgz" } }',
      'tsconfig.json': '{}',
    }
    const workspace = new TestWorkspace(own)
    fs.symlinkSync('nowhere', workspace.path('.gitlab-ci.yml'))
    const { code, stdout, stderr } = await workspace.lbuild('init')
    expect([code, stderr]).toEqual([0, ''])
    expect(filesOf(workspace)).toMatchObject(own)
    expect(fs.readlinkSync(workspace.path('.gitlab-ci.yml'))).toBe('nowhere')
    expect(stdout.match(/^kept .*$/gm)).toEqual([
      'kept .gitignore: add /output/, /node_modules/',
      'kept .gitlab-ci.yml: it differs from the file of the template',
      'kept README.md: it differs from the file of the template',
      'kept build.config.ts: list in it the artifacts and lockfiles of artifacts/',
      'kept tsconfig.json: it must include build.config.ts and artifacts',
      expect.stringMatching(
        /^kept package\.json: for type checks, run npm install --save-dev @types\/node@\^\S+ typescript@\^\S+$/,
      ),
    ])
    expect(stdout).toContain(
      'note: package.json takes lbuild from file:../lbuild-0.1.0.tgz, which other machines lack',
    )
    expect(stdout).toMatch(/next:\n {2}npx lbuild qcow2/)
  })

  it('may be something else than a file', async () => {
    const workspace = new TestWorkspace({ 'package.json/a': '', 'README.md/b': '' })
    fs.symlinkSync('nowhere', workspace.path('.gitignore'))
    const { code, stdout, stderr } = await workspace.lbuild('init')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.match(/^kept .*$/gm)).toEqual([
      'kept .gitignore: add /cache/, /output/, /node_modules/',
      'kept README.md: it differs from the file of the template',
      'kept package.json: it is not a valid package.json',
    ])
  })

  it('with the same content needs no attention, so that a second call completes the first', async () => {
    const workspace = await initialized('minimal')
    const before = filesOf(workspace)
    workspace.remove('artifacts/qcow2')
    const again = await workspace.lbuild('init')
    expect(again.stdout).toMatch(/^created 1 file of .*\n {2}artifacts\/qcow2\/index\.ts\n(note|next):/)
    expect((await workspace.lbuild('init')).stdout).toMatch(/^created no file: each file of .* exists in /)
    expect(filesOf(workspace)).toEqual(before)
  })
})

it('writes into a directory of a git repository, and says that CI reads only the root of the repository', async () => {
  const repository = new TestWorkspace({})
  execFileSync('git', ['init', '-q'], { cwd: repository.root })
  const { code, stdout } = await repository.lbuild('init', 'images/one')
  expect(code).toBe(0)
  expect(stdout).toContain(
    `note: CI reads its workflow only at the root of the repository, ${repository.root}; move it there\n`,
  )
  expect(stdout).toContain('next:\n  cd images/one\n')
  expect((await repository.lbuild('init')).stdout).not.toContain('CI reads')
})

it.each<[string, readonly string[], RegExp]>([
  [
    'an unknown template',
    ['--template', 'minmal'],
    /^error: unknown template 'minmal'\n {2}hint: did you mean 'minimal'\?\n$/,
  ],
  [
    'another one',
    ['--template', 'fedora'],
    /^error: unknown template 'fedora'\n {2}hint: choose one of: minimal, debian\n$/,
  ],
  ['a file as the directory', ['file'], /^error: '.*\/file' is not a directory\n {2}type: file\n {2}hint: /],
  [
    'a file above the directory',
    ['file/a'],
    /^error: '.*\/file' is not a directory\n {2}type: file\n {2}hint: /,
  ],
  ['a link to nothing', ['link'], /^error: '.*\/link' is not a directory\n {2}type: a symlink to nothing\n/],
  ['a file in the place of artifacts/', ['other'], /^error: '.*\/other\/artifacts' is not a directory\n/],
  [
    'an unknown option',
    ['--force'],
    /^error: unknown option '--force'\n {2}option of: .*\n {2}hint: see lbuild init --help\n$/,
  ],
  ['two directories', ['a', 'b'], /^error: too many arguments/],
])('rejects %s without writing anything', async (_, args, message) => {
  const workspace = new TestWorkspace({ file: '', 'other/artifacts': '' })
  fs.symlinkSync('nowhere', workspace.path('link'))
  const before = workspace.state('.')
  const { code, stderr, stdout } = await workspace.lbuild('init', ...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
  expect(Object.keys(workspace.state('.'))).toEqual(Object.keys(before))
})

it('reports a directory that it may not write to', async () => {
  const workspace = new TestWorkspace({})
  fs.mkdirSync(workspace.path('own'))
  fs.chmodSync(workspace.path('own'), 0o555)
  const { code, stderr } = await workspace.withoutOverride().lbuild('init', 'own')
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^error: cannot write '.*\/own\/\.github\/workflows\/build\.yml'\n {2}reason: permission denied\n {2}hint: choose a directory/,
  )
})

// The package as users install it: with npm, with pnpm, in a monorepo, for another user.
import * as fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { DISTRO, needsRegistry, Project } from './support/project.ts'

needsRegistry()

/** The tsconfig.json that the guide recommends. */
const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023'],
    module: 'preserve',
    types: [],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
  },
  include: ['build.config.ts'],
}

const TSC = ['node', fileURLToPath(new URL('../../node_modules/typescript-native/bin/tsc', import.meta.url))]

/** A project with lbuild and two built artifacts, which the other layouts are compared with. */
let npm: Project

beforeAll(async () => {
  if (inject('noRegistry') !== '') return
  npm = new Project(DISTRO)
  await npm.installCopy()
})

/** Builds twice, and expects that only the first build runs producers and that neither changes the package. */
async function buildsTwice(project: Project, directory: string, lbuildAt: string): Promise<void> {
  const before = project.state(lbuildAt)
  expect(await project.done(['npx', 'lbuild', 'image'], directory)).toMatch(/^done: 2 built in /)
  expect(await project.done(['npx', 'lbuild', 'image'], directory)).toMatch(/^image is fresh: nothing to do/)
  expect(project.state(lbuildAt)).toEqual(before)
}

describe('the package', () => {
  it('holds the compiled program, types, pages and licences, and neither tests nor the reference distro', () => {
    const names = fs.readdirSync(npm.path('node_modules/lbuild'), { recursive: true, encoding: 'utf8' })
    for (const name of [
      'LICENSE',
      'dist/THIRD_PARTY_LICENSES',
      'dist/api/index.d.ts',
      'dist/images/gpt.js',
      'dist/program/page.js',
      'dist/program/page.css',
      'docs/guide.md',
      'docs/api/lbuild.md',
    ])
      expect(names).toContain(name)
    const program = names.filter((name) => !name.startsWith('src/templates'))
    expect(program.filter((name) => /test|artifacts|build\.config|tsconfig/.test(name))).toEqual([])
    expect(program.filter((name) => /^src\/./.test(name))).toEqual(['src/starter.cjs'])
  })

  it('builds from a directory that was empty, and does nothing the second time', async () => {
    // Another test may have built in this project before.
    for (const name of ['cache', 'output']) fs.rmSync(npm.path(name), { recursive: true, force: true })
    await buildsTwice(npm, '.', 'node_modules/lbuild')
    expect(npm.read('output/node.txt')).toBe(process.version)
  })

  it('type-checks a config with the documented settings, without types of Node.js', async () => {
    const names = Object.keys(
      (JSON.parse(npm.read('node_modules/lbuild/package.json')) as { exports: Record<string, unknown> })
        .exports,
    )
    const imports = names.map((name, at) => `import * as library${at} from 'lbuild${name.slice(1)}'\n`)
    const config = `import { artifact, defineConfig, size, tree } from 'lbuild'
export const all = [${names.map((_, at) => `library${at}`).join(', ')}]
const image = artifact('image', {
  inputs: { files: tree('files') },
  params: { size: size('1G') },
  tools: ['cp'],
  outputs: { image: 'image' },
  async produce({ inputs, outputs, params, run }) {
    const bytes: number = params.size
    await run('cp', ['-r', inputs.files, outputs.image, String(bytes)])
  },
})
export default defineConfig({ artifacts: [image] })
`
    const project = new Project({
      'tsconfig.json': JSON.stringify(TSCONFIG),
      'build.config.ts': `${imports.join('')}${config}`,
      'wrong/build.config.ts': config.replace("run('cp'", "run('mv'").replace('all = [', 'all = [] //'),
      'wrong/tsconfig.json': JSON.stringify(TSCONFIG),
    })
    fs.symlinkSync(npm.path('node_modules'), project.path('node_modules'))
    expect(await project.run([...TSC, '-p', '.'])).toEqual({ code: 0, stdout: '', stderr: '' })
    expect((await project.run([...TSC, '-p', 'wrong'])).stdout).toMatch(
      /^wrong\/build\.config\.ts\(\d+,\d+\): error TS2345: Argument of type '"mv"' is not assignable to parameter of type '"cp"'\.\n$/,
    )
  })

  it('hides everything that package.json does not export', async () => {
    for (const path of [
      'package.json',
      'dist/api/index.js',
      'images/nothing',
      'debian/install',
      'src/starter.cjs',
    ]) {
      const { code, stderr } = await npm.run([
        'node',
        '--input-type=module',
        '-e',
        `await import('lbuild/${path}')`,
      ])
      expect([path, code]).toEqual([path, 1])
      expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED')
    }
    const hidden = new Project({ 'build.config.ts': "import 'lbuild/dist/api/index.js'\n" })
    fs.symlinkSync(npm.path('node_modules'), hidden.path('node_modules'))
    const { code, stderr } = await hidden.run(['npx', 'lbuild', 'status'])
    expect(code).toBe(2)
    expect(stderr).toContain('Could not resolve "lbuild/dist/api/index.js"')
  })

  it('reports another version of lbuild that the config imports', async () => {
    const other = new Project(DISTRO)
    fs.cpSync(npm.path('node_modules/lbuild'), other.path('node_modules/lbuild'), { recursive: true })
    const manifest = other.read('node_modules/lbuild/package.json')
    other.write('node_modules/lbuild/package.json', manifest.replace(/"version": ".*"/, '"version": "9.0.1"'))
    const { code, stderr } = await other.run([npm.path('node_modules/.bin/lbuild'), 'status'])
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^error: build\.config\.ts imports another version of lbuild than the one that runs\n +imported: 9\.0\.1, .*\n +running: +\d+\.\d+\.\d+, .*\n +hint: run the version of the workspace: npx lbuild\n$/,
    )
  })
})

describe('another layout', () => {
  it('of pnpm builds, with the same keys', async () => {
    const project = new Project({ ...DISTRO, 'package.json': '{}' })
    const tools = new Project()
    await tools.install('pnpm')
    const pnpm = [
      tools.path('node_modules/.bin/pnpm'),
      'add',
      '-D',
      '--ignore-scripts',
      '--store-dir',
      tools.path('store'),
    ]
    await project.done([...pnpm, inject('tarball')])
    await buildsTwice(project, '.', 'node_modules/lbuild')
    expect(await project.keys()).toEqual(await npm.keys())
  })

  it('of npm workspaces, hoisted, builds with the same keys', async () => {
    const files = Object.entries(DISTRO).map(([path, content]) => [`distros/one/${path}`, content])
    const project = new Project({
      ...Object.fromEntries(files),
      'package.json': '{ "private": true, "workspaces": ["distros/*"] }',
      'distros/one/package.json': '{ "name": "one", "version": "1.0.0" }',
    })
    await project.install(inject('tarball'), '--workspace', 'distros/one')
    expect(fs.existsSync(project.path('distros/one/node_modules'))).toBe(false)
    await buildsTwice(project, 'distros/one', 'node_modules/lbuild')
    expect(await project.keys('distros/one')).toEqual(await npm.keys())
  })
})

describe.runIf(process.geteuid?.() === 0)('an ordinary user', () => {
  it('builds with an installation that only root may write', async ({ skip }) => {
    const project = new Project()
    await project.installCopy()
    const home = new Project(
      Object.fromEntries(Object.entries(DISTRO).map(([path, text]) => [`distro/${path}`, text])),
    )
    fs.symlinkSync(project.path('node_modules'), home.path('distro/node_modules'))
    // The user needs subordinate ids: for these processes alone.
    home.write('ids', 'nobody:200000:65536\n')
    const enter = `mount --bind ids /etc/subuid && mount --bind ids /etc/subgid && chown -R 65534:65534 distro && cd distro &&
      exec setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$PWD" USER=nobody npx lbuild image`
    const asUser = ['unshare', '--mount', 'sh', '-c', enter]
    const probe = await home.run(['unshare', '--mount', 'sh', '-c', 'mount --bind ids /etc/subuid'])
    skip(probe.code !== 0, `root may not mount here: ${probe.stderr}`)
    const before = project.state('node_modules/lbuild')
    expect(await home.done(asUser)).toMatch(/^done: 2 built in /)
    expect(await home.done(asUser)).toMatch(/^image is fresh: nothing to do/)
    expect(project.state('node_modules/lbuild')).toEqual(before)
  })
})

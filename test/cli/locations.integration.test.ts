// Where lbuild writes: outputs and the cache of a workspace can be anywhere else.
import { chmodSync, symlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig } from 'lbuild'
const one = artifact('one', { outputs: { o: 'a/one.img' }, produce: ({ outputs }) => writeFileSync(outputs.o, 'one') })
export default defineConfig({ artifacts: [one] })
`

it('publishes outputs below --output, names them there, and finds them again', async () => {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG })
  const elsewhere = new TestWorkspace({})
  const build = ['one', '--output', elsewhere.root]
  expect((await workspace.lbuild(...build)).stdout).toContain(`  ${elsewhere.root}/a/one.img\n`)
  expect(elsewhere.read('a/one.img')).toBe('one')
  expect(workspace.exists('output')).toBe(false)
  expect((await workspace.lbuild(...build)).stdout).toMatch(/^one is fresh: nothing to do/)
  elsewhere.write('a/one.img', 'changed')
  expect((await workspace.lbuild(...build)).stderr).toContain(`${elsewhere.root}/a/one.img.preserved-1`)
  expect((await workspace.lbuild('clean', '--output', elsewhere.root)).code).toBe(0)
  expect(elsewhere.exists('a/one.img')).toBe(false)
})

it('writes nothing into the workspace with --output and LBUILD_CACHE_DIR', async () => {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG })
  const elsewhere = temporaryDirectory()
  workspace.env['LBUILD_CACHE_DIR'] = `${elsewhere}/cache`
  expect((await workspace.lbuild('one', '--output', `${elsewhere}/output`)).code).toBe(0)
  expect(Object.keys(workspace.state('.'))).toEqual(['build.config.ts'])
})

/** A config with inputs in `src` and `etc/note`. */
const WITH_INPUTS = `import { copyFileSync } from 'node:fs'
import { artifact, defineConfig, file, tree } from 'lbuild'
const one = artifact('one', {
  inputs: { src: tree('src'), note: file('etc/note') },
  outputs: { o: 'one' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.note, outputs.o),
})
export default defineConfig({ artifacts: [one] })
`

const withInputs = (): TestWorkspace =>
  new TestWorkspace({ 'build.config.ts': WITH_INPUTS, 'src/a': 'a', 'etc/note': 'note', 'sub/b': 'b' })

it('takes a relative LBUILD_CACHE_DIR from the root of the workspace, wherever it is started', async () => {
  const workspace = withInputs()
  workspace.env['LBUILD_CACHE_DIR'] = 'store/cache'
  await workspace.succeed('one')
  const below = new TestWorkspace({}, workspace.path('sub'))
  Object.assign(below.env, workspace.env)
  expect((await below.lbuild('one')).stdout).toMatch(/^one is fresh/)
  expect((await below.lbuild('one', '-C', '..')).stdout).toMatch(/^one is fresh/)
  expect(below.exists('store')).toBe(false)
  expect(workspace.exists('store/cache/records')).toBe(true)
})

it.each(['file', 'dangling/cache', 'loop/cache', 'x'.repeat(300)])(
  'reports a LBUILD_CACHE_DIR in which nothing can be written: %s',
  async (path) => {
    const workspace = withInputs()
    workspace.write('file', '')
    symlinkSync('nowhere/deep', workspace.path('dangling'))
    symlinkSync('loop', workspace.path('loop'))
    workspace.env['LBUILD_CACHE_DIR'] = workspace.path(path)
    const { code, stderr } = await workspace.lbuild('one')
    expect(stderr).toMatch(
      /^error: cannot write the compiled lbuild: E[A-Z]+\n +directory: .*\n +hint: set LBUILD_CACHE_DIR/,
    )
    expect(code).toBe(2)
  },
)

describe('a directory that lbuild writes', () => {
  it.each([
    ['src', `the cache directory lies in the tree 'src', which is an input`],
    ['src/deep/cache', `the cache directory lies in the tree 'src', which is an input`],
    ['link/cache', `the cache directory lies in the tree 'src', which is an input`],
    ['etc', `the cache directory contains the file 'etc/note', which is an input`],
    ['.', 'the cache directory contains the workspace'],
    ['..', 'the cache directory contains the workspace'],
    ['/', 'the cache directory contains the workspace'],
  ])('may not be LBUILD_CACHE_DIR=%s among the inputs', async (path, message) => {
    const workspace = withInputs()
    symlinkSync('src', workspace.path('link'))
    // A relative path is also one of the checkout, which has other directories.
    workspace.env['LBUILD_CACHE_DIR'] = resolve(workspace.root, path)
    const before = workspace.state('etc')
    for (const words of [['one'], ['status'], ['gc']]) {
      const { code, stdout, stderr } = await workspace.lbuild(...words)
      expect(stderr).toMatch(
        new RegExp(`^error: ${message}\n +cache directory: .*\n[^]* hint: set LBUILD_CACHE_DIR to`),
      )
      expect([code, stdout]).toEqual([2, ''])
    }
    expect(workspace.state('etc')).toMatchObject(before)
  })

  it.each(['src', 'src/out', 'link/out'])(
    'may not be --output %s in a tree that is an input',
    async (path) => {
      const workspace = withInputs()
      symlinkSync('src', workspace.path('link'))
      const { code, stderr } = await workspace.lbuild('one', '--output', path)
      expect(stderr).toContain(`error: the output directory lies in the tree 'src', which is an input`)
      expect(code).toBe(2)
    },
  )

  it('may be beside the inputs', async () => {
    const workspace = withInputs()
    workspace.env['LBUILD_CACHE_DIR'] = workspace.path('src-cache')
    await workspace.succeed('one', '--output', '.')
    expect(workspace.read('one')).toBe('note')
    expect((await workspace.lbuild('one', '--output', '.')).stdout).toMatch(/^one is fresh/)
  })

  it('is never cleaned if it contains the workspace', async () => {
    const workspace = withInputs()
    workspace.write('config/mine', 'mine')
    workspace.env['LBUILD_CACHE_DIR'] = workspace.root
    const { code, stderr } = await workspace.lbuild('clean', '--all', '--yes')
    expect(stderr).toContain('error: the cache directory contains the workspace')
    expect([code, workspace.read('config/mine')]).toEqual([2, 'mine'])
  })
})

it.runIf(process.geteuid?.() === 0)(
  'asks for LBUILD_CACHE_DIR in a workspace that cannot be written',
  async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': CONFIG })
    chmodSync(workspace.root, 0o555)
    const { code, stderr } = await workspace.withoutOverride().lbuild('status')
    expect(stderr).toMatch(
      /^error: cannot write the cache: EACCES\n +path: .*\n +hint: set LBUILD_CACHE_DIR to /,
    )
    expect(code).toBe(2)
  },
)

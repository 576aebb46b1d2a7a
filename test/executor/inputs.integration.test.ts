// Tests that an invalid input is reported with artifact, input and path before anything is built.
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { artifact, defineConfig, file, tree } from 'lbuild'
const first = artifact('first', { outputs: { o: 'first' }, async produce({ outputs }) {
  (await import('node:fs')).writeFileSync(outputs.o, '')
} })
const image = artifact('image', {
  inputs: { motd: file('etc/motd'), overlay: tree('overlay'), more: file('etc/more', { optional: true }), first: first.output('o') },
  outputs: { image: 'image.img' },
  async produce({ inputs, outputs }) {
    const { existsSync, writeFileSync } = await import('node:fs')
    writeFileSync(outputs.image, existsSync(inputs.more) ? 'more' : 'no more')
  },
})
export default defineConfig({ artifacts: [first, image] })
`

const validWorkspace = (): TestWorkspace =>
  new TestWorkspace(
    { 'build.config.ts': CONFIG, 'etc/motd': 'hello\n', 'overlay/file': 'x\n' },
    `${temporaryDirectory()}/workspace`,
  )

const invalid: readonly [string, (workspace: TestWorkspace) => void, readonly string[]][] = [
  [
    'a missing file',
    (it) => it.rename('etc/motd', 'etc/mott'),
    ['motd: etc/motd does not exist', `in etc: did you mean 'mott'?`],
  ],
  ['a missing tree', (it) => it.remove('overlay'), ['overlay: overlay does not exist']],
  [
    'one of two missing inputs, reported together',
    (it) => [it.remove('overlay'), it.remove('etc')],
    ['motd: etc/motd does not exist', 'overlay: overlay does not exist'],
  ],
  [
    'below a file instead of a directory',
    (it) => [it.remove('etc'), it.write('etc', '')],
    ['motd: etc/motd does not exist'],
  ],
  [
    'a directory but declared as a file',
    (it) => [it.remove('etc/motd'), mkdirSync(it.path('etc/motd'))],
    ['motd: etc/motd is a directory, not a file'],
  ],
  [
    'a file but declared as a tree',
    (it) => [it.remove('overlay'), it.write('overlay', '')],
    ['overlay: overlay is a file, not a directory'],
  ],
  [
    'a dangling link',
    (it) => [it.remove('etc/motd'), symlinkSync('nowhere', it.path('etc/motd'))],
    ['motd: etc/motd is a symlink, not a file'],
  ],
  [
    'a link to a file of the workspace, with the file to declare',
    (it) => [it.rename('etc/motd', 'etc/real'), symlinkSync('real', it.path('etc/motd'))],
    ['motd: etc/motd is a symlink, not a file', "declare the file that it links to: file('etc/real')"],
  ],
  [
    'a link to a directory of the workspace, with the directory to declare',
    (it) => [it.rename('overlay', 'real'), symlinkSync('real', it.path('overlay'))],
    [
      'overlay: overlay is a symlink, not a directory',
      "declare the directory that it links to: tree('real')",
    ],
  ],
  [
    'a link that leads out of the workspace',
    (it) => [it.rename('overlay', '../elsewhere'), symlinkSync('../elsewhere', it.path('overlay'))],
    ['overlay: overlay is a symlink', 'copy the directory that it links to into the workspace: '],
  ],
  [
    'an optional file that is a directory',
    (it) => mkdirSync(it.path('etc/more')),
    ['more: etc/more is a directory, not a file'],
  ],
  [
    'a tree that contains a pipe',
    (it) => execFileSync('mkfifo', [it.path('overlay/pipe')]),
    ['overlay/pipe', 'a pipe'],
  ],
  [
    'outside the workspace, behind a link',
    (it) => [it.rename('etc', '../elsewhere'), symlinkSync('../elsewhere', it.path('etc'))],
    ['is outside the workspace'],
  ],
]

describe('a declared input', () => {
  it.each(invalid)('is rejected if it is %s', async (_, damage, expected) => {
    const workspace = validWorkspace()
    damage(workspace)
    const { code, stderr, stdout } = await workspace.lbuild('image')
    for (const text of expected) expect(stderr).toContain(text)
    expect(stderr).not.toContain('internal error')
    expect([code, stdout]).toEqual([2, ''])
    expect(workspace.verdictState()).toEqual({ objects: {}, records: {}, output: {} })
    // An artifact without that input is built.
    expect((await workspace.build('first')).ran).toEqual(['first'])
  })

  it('that is optional may be missing; an empty file gives another key', async () => {
    const workspace = validWorkspace()
    await workspace.build('image')
    expect(workspace.read('output/image.img')).toBe('no more')
    workspace.write('etc/more', '')
    expect((await workspace.build('image')).ran).toEqual(['image'])
    expect(workspace.read('output/image.img')).toBe('more')
    workspace.remove('etc/more')
    expect((await workspace.build('image')).restored).toEqual(['image'])
  })

  it('may contain names with spaces, newlines and bytes that are not UTF-8, which are built and reported', async () => {
    const workspace = validWorkspace()
    await workspace.build('image')
    const root = Buffer.from(`${workspace.path('overlay')}/`)
    writeFileSync(Buffer.concat([root, Buffer.from([0xff, 0xfe])]), 'x')
    workspace.write('overlay/a b\nc', 'x')
    symlinkSync('nowhere', workspace.path('overlay/dangling'))
    const { stdout } = await workspace.lbuild('why', 'image')
    expect(stdout).toContain('"a b\\nc": added\n')
    expect(stdout).toContain('dangling: added\n')
    expect(stdout.split('\n').filter((line) => line.endsWith(': added'))).toHaveLength(3)
    const { code, ran } = await workspace.build('image')
    expect([code, ran]).toEqual([0, ['image']])
  })

  it.runIf(process.geteuid!() === 0)('is reported if it cannot be read', async () => {
    for (const [path, mode] of [
      ['etc/motd', 0o000],
      ['overlay', 0o000],
      ['overlay', 0o444],
      ['etc', 0o000],
    ] as const) {
      const workspace = validWorkspace()
      chmodSync(workspace.path(path), mode)
      execFileSync('chown', ['-R', '65534:65534', workspace.path(path)])
      const { code, stderr } = await workspace.withoutOverride().lbuild('image')
      expect(stderr, path).toContain('cannot read the input')
      expect(stderr, path).toContain(workspace.path(path))
      expect(stderr).toContain('EACCES')
      expect(code).toBe(2)
    }
  })
})

it('a build does not write to its inputs', async () => {
  const workspace = validWorkspace()
  linkSync(workspace.path('etc/motd'), workspace.path('hardlink'))
  const before = [workspace.state('etc'), workspace.state('overlay')]
  await workspace.build('image')
  expect([workspace.state('etc'), workspace.state('overlay')]).toEqual(before)
})

describe('the path of an input', () => {
  const config = `import { artifact, defineConfig, file, internal } from 'lbuild'
const packed = artifact('packed', { outputs: { o: 'deep/packed.tar.zst', p: internal('packed.txt') }, async produce({ outputs }) {
  const { writeFileSync } = await import('node:fs')
  for (const output of Object.values(outputs)) writeFileSync(output, 'packed')
} })
const image = artifact('image', {
  inputs: { src: file('code/main.c'), more: file('code/more.h', { optional: true }), o: packed.output('o'), p: packed.output('p') },
  outputs: { image: 'image.img' },
  async produce({ inputs, outputs }) {
    const { readFileSync, writeFileSync } = await import('node:fs')
    writeFileSync(outputs.image, Object.values(inputs).join('\\n') + readFileSync(inputs.src) + readFileSync(inputs.o))
  },
})
export default defineConfig({ artifacts: [packed, image] })
`
  const workspace = (): TestWorkspace =>
    new TestWorkspace({ 'build.config.ts': config, 'code/main.c': 'int v;\n' })

  it.each([
    ['in the sandbox', workspace],
    ['without namespaces', () => workspace().withoutNamespaces()],
  ])('ends with the base name of the file or output, %s', async (_, make) => {
    const it = make()
    await it.succeed('image')
    const text = it.read('output/image.img')
    expect(text).toMatch(/\/main\.c\n.*\/more\.h\n.*\/packed\.tar\.zst\n.*\/packed\.txtint v;\npacked$/)
  })

  it('changes the key if the file is renamed, and why says so', async () => {
    const it = workspace()
    await it.succeed('image')
    it.rename('code/main.c', 'code/main.S')
    it.edit('build.config.ts', 'main.c', 'main.S')
    const { stdout } = await it.lbuild('why', 'image')
    expect(stdout).toContain('code/main.c was renamed to code/main.S\n')
    it.write('code/main.S', 'other')
    expect((await it.lbuild('why', 'image')).stdout).toContain('code/main.c was replaced by code/main.S\n')
  })

  it('changes the key if an output is renamed, and why says so', async () => {
    const it = workspace()
    await it.succeed('image')
    it.edit('build.config.ts', 'packed.tar.zst', 'packed.tar')
    expect((await it.build('packed')).ran).toEqual(['packed'])
    const { stdout } = await it.lbuild('why', 'image')
    expect(stdout).toContain("output 'o' of packed was renamed from packed.tar.zst to packed.tar\n")
  })
})

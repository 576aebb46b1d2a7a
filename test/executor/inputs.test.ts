import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { TestWorkspace } from '../support/workspace.ts'

// A declared input that is not what it is declared to be: exit code 2, artifact, input and path named, nothing built.

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

const sound = (): TestWorkspace =>
  new TestWorkspace(
    { 'build.config.ts': CONFIG, 'etc/motd': 'hello\n', 'overlay/file': 'x\n' },
    `${temporaryDirectory()}/workspace`,
  )

const wrong: readonly [string, (workspace: TestWorkspace) => void, readonly string[]][] = [
  [
    'a file that does not exist',
    (it) => it.rename('etc/motd', 'etc/mott'),
    ['motd: etc/motd does not exist', `in etc: did you mean 'mott'?`],
  ],
  ['a tree that does not exist', (it) => it.remove('overlay'), ['overlay: overlay does not exist']],
  [
    'both, told at once',
    (it) => [it.remove('overlay'), it.remove('etc')],
    ['motd: etc/motd does not exist', 'overlay: overlay does not exist'],
  ],
  [
    'a file in the place of a directory above it',
    (it) => [it.remove('etc'), it.write('etc', '')],
    ['motd: etc/motd does not exist'],
  ],
  [
    'a directory where a file is declared',
    (it) => [it.remove('etc/motd'), mkdirSync(it.path('etc/motd'))],
    ['motd: etc/motd is a directory, not a file'],
  ],
  [
    'a file where a directory is declared',
    (it) => [it.remove('overlay'), it.write('overlay', '')],
    ['overlay: overlay is a file, not a directory'],
  ],
  [
    'a dangling link',
    (it) => [it.remove('etc/motd'), symlinkSync('nowhere', it.path('etc/motd'))],
    ['motd: etc/motd is a symlink, not a file'],
  ],
  [
    'an optional file that is a directory',
    (it) => mkdirSync(it.path('etc/more')),
    ['more: etc/more is a directory, not a file'],
  ],
  ['a pipe in a tree', (it) => execFileSync('mkfifo', [it.path('overlay/pipe')]), ['overlay/pipe', 'a pipe']],
  [
    'a directory that leads out of the workspace',
    (it) => [it.rename('etc', '../elsewhere'), symlinkSync('../elsewhere', it.path('etc'))],
    ['is outside the workspace'],
  ],
]

describe('a declared input', () => {
  it.each(wrong)('%s', async (_, damage, expected) => {
    const workspace = sound()
    damage(workspace)
    const { code, stderr, stdout } = await workspace.lbuild('image')
    for (const text of expected) expect(stderr).toContain(text)
    expect(stderr).not.toContain('internal error')
    expect([code, stdout]).toEqual([2, ''])
    expect(workspace.verdictState()).toEqual({ objects: {}, records: {}, output: {} })
    // What does not need it is built.
    expect((await workspace.build('first')).ran).toEqual(['first'])
  })

  it('that is optional and not there is told from one that is, and from one that is empty', async () => {
    const workspace = sound()
    await workspace.build('image')
    expect(workspace.read('output/image.img')).toBe('no more')
    workspace.write('etc/more', '')
    expect((await workspace.build('image')).ran).toEqual(['image'])
    expect(workspace.read('output/image.img')).toBe('more')
    workspace.remove('etc/more')
    expect((await workspace.build('image')).restored).toEqual(['image'])
  })

  it('names with spaces, newlines and bytes that are not UTF-8 are built and told', async () => {
    const workspace = sound()
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

  it.runIf(process.geteuid!() === 0)('that one may not read', async () => {
    for (const [path, mode] of [
      ['etc/motd', 0o000],
      ['overlay', 0o000],
      ['overlay', 0o444],
      ['etc', 0o000],
    ] as const) {
      const workspace = sound()
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

it('a build writes to none of its inputs', async () => {
  const workspace = sound()
  linkSync(workspace.path('etc/motd'), workspace.path('hardlink'))
  const before = [workspace.state('etc'), workspace.state('overlay')]
  await workspace.build('image')
  expect([workspace.state('etc'), workspace.state('overlay')]).toEqual(before)
})

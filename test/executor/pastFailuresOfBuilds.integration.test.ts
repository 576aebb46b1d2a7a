// Tests the builds that leviso, the predecessor of lbuild, got wrong: W14 to W20 of 25 known failures.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Meeting } from '../support/meeting.ts'
import { waiting } from '../support/processes.ts'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

const built = builtTiny()

/** A producer as in leviso: it does not write files that exist already. */
const KERNEL = `import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, file } from 'lbuild'
const kernel = artifact('kernel', {
  inputs: { kconfig: file('kconfig') }, outputs: { vmlinuz: 'vmlinuz' },
  produce({ inputs, outputs, work, scratch }) {
    for (const directory of [work, scratch]) {
      const bzImage = directory + '/bzImage'
      if (!existsSync(bzImage)) writeFileSync(bzImage, 'Linux ' + readFileSync(inputs.kconfig, 'utf8'))
      if (!existsSync(outputs.vmlinuz)) writeFileSync(outputs.vmlinuz, readFileSync(bzImage))
    }
  },
})
export default defineConfig({ artifacts: [kernel] })
`

/** A producer of one line, with `cp` and `sh` as its tools. */
const withProducer = (produce: string, more = ''): TestWorkspace =>
  new TestWorkspace({
    'note.txt': 'a note\n',
    'build.config.ts': `import { artifact, defineConfig, file } from 'lbuild'
const image = artifact('image', {
  inputs: { note: file('note.txt') }, tools: ['sh', 'cp', 'meet'], outputs: { image: 'image' },
  async produce({ inputs, outputs, run }) { ${produce} },
  ${more}
})
export default defineConfig({ artifacts: [image], toolPath: ['tools'] })
`,
  })

/** The path of the object of a published output. */
function objectOf(workspace: TestWorkspace, output: string): string {
  const [digest] = execFileSync('sha256sum', [workspace.path(output)])
    .toString()
    .split(' ')
  return workspace.path(`cache/objects/${digest!.slice(0, 2)}/${digest!.slice(2)}`)
}

describe('a build', () => {
  it('W14: gives each run empty directories, so that it cannot reuse old files', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': KERNEL, kconfig: '6.1' })
    await workspace.build('kernel')
    workspace.write('kconfig', '6.2')
    expect((await workspace.build('kernel')).ran).toEqual(['kernel'])
    expect(workspace.read('output/vmlinuz')).toBe('Linux 6.2')
  })

  it('W15: restores the outputs of the current inputs, not of the last build, also after clean', async () => {
    const workspace = built()
    const edits = ['one\n', 'two\n', 'one\n', 'two\n']
    for (const [at, edit] of edits.entries()) {
      workspace.write('note.txt', edit)
      if (at === 3) expect((await workspace.lbuild('clean')).code).toBe(0)
      expect(workspace.exists('output/other.txt')).toBe(at < 3)
      const { ran, restored } = await workspace.build('other')
      expect([ran, restored], `edit ${at}`).toEqual(at < 2 ? [['other'], []] : [[], ['other']])
      expect(workspace.read('output/other.txt')).toBe(edit)
    }
  })

  it('W16: restores copies, so that writing to an output does not change the store', async () => {
    const workspace = built()
    workspace.remove('output')
    await workspace.build(...TINY_TARGETS)
    const objects = workspace.state('cache/objects')
    writeFileSync(workspace.path('output/tiny.img'), 'a booted machine wrote here')
    expect(lstatSync(workspace.path('output/tiny.img')).nlink).toBe(1)
    expect(workspace.state('cache/objects')).toEqual(objects)
    expect((await workspace.build('image')).restored).toEqual(['image'])
    expect(workspace.read('output/tiny.img')).toContain('hello')
  })
})

describe('lbuild', () => {
  it('W17: never runs two builds at once: it locks a file that it never removes', async () => {
    const workspace = withProducer(`await run('meet', []); await run('cp', [inputs.note, outputs.image])`)
    const meeting = new Meeting(workspace)
    const first = workspace.start('image')
    await meeting.arrived(first)
    const { ino } = lstatSync(workspace.path('cache/lock'))
    const works = readdirSync(workspace.path('cache/work'))
    expect(works).toHaveLength(1)
    expect((await workspace.lbuild('image', '--no-wait')).code).toBe(75)
    const second = workspace.start('image')
    await waiting(second)
    expect(readdirSync(workspace.path('cache/work'))).toEqual(works)
    await meeting.release()
    expect([(await first.ended).code, (await second.ended).code]).toEqual([0, 0])
    expect(lstatSync(workspace.path('cache/lock')).ino).toBe(ino)
    expect(readdirSync(workspace.path('cache/work'))).toEqual([])
  })

  it('W18: verifies each object that it reads, and fails for unreadable parts of a tree', async () => {
    const workspace = built()
    const object = objectOf(workspace, 'output/other.txt')
    chmodSync(object, 0o644)
    writeFileSync(object, 'A NOTE\n')
    workspace.remove('output/other.txt')
    const { code, ran, stderr } = await workspace.build('other')
    expect(stderr).toContain('a damaged object of the store was quarantined')
    expect([code, ran]).toEqual([0, ['other']])
    expect(workspace.read('output/other.txt')).toBe('a note\n')

    execFileSync('chown', ['-R', '65534:65534', workspace.path('src/etc')])
    chmodSync(workspace.path('src/etc'), 0o000)
    const walked = await workspace.withoutOverride().lbuild('image')
    expect(walked.stderr).toContain(`cannot read the input ${workspace.path('src/etc')}`)
    expect(walked.code).toBe(2)
  })

  it('W19: verifies an output before it replaces a valid one, atomically', async () => {
    const workspace = withProducer(
      `await run('cp', [inputs.note, outputs.image])`,
      `async verify({ outputs, run }) { await run('sh', ['-c', 'grep -q good "$0"', outputs.image]) },`,
    )
    workspace.write('tools/meet', '#!/bin/sh\n', 0o755)
    workspace.write('note.txt', 'a good one\n')
    await workspace.build('image')
    const reader = openSync(workspace.path('output/image'), 'r')
    linkSync(workspace.path('output/image'), workspace.path('the-old-one'))
    const before = workspace.verdictState()
    workspace.write('note.txt', 'a bad one\n')
    expect((await workspace.lbuild('image')).code).toBe(1)
    expect(workspace.verdictState()).toEqual(before)
    workspace.write('note.txt', 'another good one\n')
    expect((await workspace.lbuild('image')).code).toBe(0)
    expect(workspace.read('output/image')).toBe('another good one\n')
    // An open descriptor still reads the old file, which was not overwritten.
    expect(readFileSync(reader, 'utf8')).toBe('a good one\n')
    closeSync(reader)
    expect(workspace.read('the-old-one')).toBe('a good one\n')
  })

  const errors: readonly (readonly [string, string, string])[] = [
    ['an exit code', `await run('sh', ['-c', 'echo its own words >&2; exit 3'])`, 'its own words'],
    ['an error of a tool', `await run('cp', ['/nowhere', outputs.image])`, `cannot stat '/nowhere'`],
    [
      'a tool that the producer did not wait for',
      `fs.writeFileSync(outputs.image, 'half'); void run('sh', ['-c', 'kill -STOP $$'])`,
      `the producer finished while 'sh' was still running`,
    ],
    ['an exception', `throw new Error('too bad')`, 'too bad'],
    ['a missing output', ``, 'was not written'],
  ]
  it.each(errors)('W20: reports %s', async (_, produce, message) => {
    const workspace = withProducer(`const fs = await import('node:fs'); ${produce}`)
    workspace.write('tools/meet', '#!/bin/sh\n', 0o755)
    const { code, stderr } = await workspace.lbuild('image')
    expect(stderr).toContain(message)
    expect(code).toBe(1)
    expect(workspace.verdictState()).toEqual({ objects: {}, records: {}, output: {} })
  })
})

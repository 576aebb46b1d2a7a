// Tests the changes that leviso, the predecessor of lbuild, did not detect: W1 to W13 of 25 known failures.
import { chmodSync, lstatSync, mkdirSync, renameSync, symlinkSync, truncateSync, utimesSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builtTiny, meetInOther, TINY_TARGETS } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

const built = builtTiny()

/** A producer that reads its input `declared`, and `hidden` by its path on the host. */
const SNOOPING = `import { readFileSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, file, text } from 'lbuild'
const image = artifact('image', {
  inputs: { declared: file('declared') }, params: { root: text('') }, tools: ['cat'], outputs: { image: 'image' },
  async produce({ inputs, outputs, params, run }) {
    writeFileSync(outputs.image, readFileSync(inputs.declared, 'utf8') + readFileSync(params.root + '/hidden', 'utf8'))
  },
})
export default defineConfig({ artifacts: [image] })
`

/** The graph of leviso: every output contains the version from the kernel's configuration. */
const SYSTEM = `import { readFileSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, file, internal } from 'lbuild'
const read = (path) => readFileSync(path, 'utf8')
const kernel = artifact('kernel', {
  inputs: { kconfig: file('kconfig') }, outputs: { vmlinuz: 'vmlinuz', modules: internal('modules') },
  produce({ inputs, outputs }) {
    writeFileSync(outputs.vmlinuz, 'Linux ' + read(inputs.kconfig))
    writeFileSync(outputs.modules, 'modules of ' + read(inputs.kconfig))
  },
})
const holding = (name, inputs) => artifact(name, {
  inputs, outputs: { o: name },
  produce({ inputs, outputs }) {
    writeFileSync(outputs.o, name + '(' + Object.values(inputs).map(read).join(', ') + ')')
  },
})
const rootfs = holding('rootfs', { modules: kernel.output('modules'), files: file('files') })
const initramfs = holding('initramfs', { modules: kernel.output('modules') })
const iso = holding('iso', { vmlinuz: kernel.output('vmlinuz'), rootfs: rootfs.output('o'), initramfs: initramfs.output('o') })
export default defineConfig({ artifacts: [kernel, rootfs, initramfs, iso] })
`

const STAMPED = `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig } from 'lbuild'
const image = artifact('image', {
  tools: ['stub'], env: ['FLAVOUR'], outputs: { image: 'image' },
  async produce({ outputs, run }) {
    writeFileSync(outputs.image, (await run('stub', [])).stdout + (process.env.FLAVOUR ?? 'plain') + (process.env.HIDDEN ?? ''))
  },
})
export default defineConfig({ artifacts: [image], toolPath: ['tools'] })
`

function stamped(): TestWorkspace {
  const workspace = new TestWorkspace({ 'build.config.ts': STAMPED })
  workspace.write('tools/stub', '#!/bin/sh\nprintf stub-252-\n', 0o755)
  return workspace
}

/** Writes other bytes of the same size and restores the file's times, as `cp -p` does. */
function editKeepingTimes(workspace: TestWorkspace, path: string, content: string): void {
  const { size, atime, mtime } = lstatSync(workspace.path(path))
  expect(content).toHaveLength(size)
  workspace.write(path, content)
  utimesSync(workspace.path(path), atime, mtime)
}

describe('lbuild detects changes', () => {
  it('W1: of every file of a tree, without marker files', async () => {
    const workspace = built()
    workspace.write('src/usr/bin/bash', 'the marker')
    workspace.write('src/usr/lib/deep/down/libfoo.so', 'one')
    await workspace.build('image')
    workspace.write('src/usr/lib/deep/down/libfoo.so', 'two')
    expect((await workspace.build('image')).ran).toEqual(['image', 'names', 'packed'])
    expect(workspace.read('output/tiny.img')).toContain('two')
  })

  it('W2: completely, because a producer cannot read undeclared files', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': SNOOPING, declared: 'd', hidden: 'h' })
    const { code, stderr } = await workspace.lbuild('image', '--root', workspace.root)
    expect(stderr).toContain(`ENOENT: no such file or directory, open '${workspace.path('hidden')}'`)
    expect(code).toBe(1)
    expect(workspace.verdictState()).toEqual({ objects: {}, records: {}, output: {} })
  })

  it('W3: of a path, and reports a missing input instead of building again each time', async () => {
    const workspace = built()
    workspace.rename('note.txt', 'moved.txt')
    const before = workspace.verdictState()
    for (const words of [['other'], ['other', '--force'], ['status'], ['why', 'other']]) {
      const { code, stderr } = await workspace.lbuild(...words)
      expect(stderr, words.join(' ')).toContain('note: note.txt does not exist')
      expect(code, words.join(' ')).toBe(2)
    }
    expect(workspace.verdictState()).toEqual(before)
  })

  it('W4: of an input that was missing and is back, even if it is older than the output', async () => {
    const workspace = built()
    workspace.remove('note.txt')
    expect((await workspace.lbuild('other')).code).toBe(2)
    workspace.write('note.txt', 'edited\n')
    // Older than the output: leviso only looked for newer files.
    utimesSync(workspace.path('note.txt'), 1, 1)
    expect((await workspace.build('other')).ran).toEqual(['other'])
    expect(workspace.read('output/other.txt')).toBe('edited\n')
  })

  it('W5: of the kernel in every image, and never mixes two kernels in one', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': SYSTEM, kconfig: '6.1', files: 'files' })
    await workspace.build('iso')
    workspace.write('kconfig', '6.2')
    expect((await workspace.build('rootfs')).ran).toEqual(['kernel', 'rootfs'])
    expect((await workspace.verdicts('iso'))['iso']).not.toBe('fresh')
    expect((await workspace.build('iso')).ran).toEqual(['initramfs', 'iso'])
    expect(workspace.read('output/iso')).toBe(
      'iso(Linux 6.2, rootfs(modules of 6.2, files), initramfs(modules of 6.2))',
    )
    workspace.write('files', 'other files')
    expect((await workspace.build('iso')).ran).toEqual(['iso', 'rootfs'])
    expect(workspace.read('output/iso')).toContain('other files')
  })

  it('W6: of params and declared variables, and hides all other variables from producers', async () => {
    const workspace = built()
    expect((await workspace.build('image', '--disk-size', '2')).ran).toEqual(['image'])
    workspace.edit('build.config.ts', 'artifacts:', "params: { title: 'renamed' }, artifacts:")
    expect((await workspace.build('image')).ran).toEqual(['image'])
    expect(workspace.read('output/tiny.img')).toContain('"title":"renamed","diskSize":1')

    const other = stamped()
    Object.assign(other.env, { FLAVOUR: 'spicy', HIDDEN: 'seen' })
    await other.build('image')
    expect(other.read('output/image')).toBe('stub-252-spicy')
    other.env['FLAVOUR'] = 'mild'
    expect((await other.build('image')).ran).toEqual(['image'])
    other.env['HIDDEN'] = 'changed'
    expect((await other.verdicts())['image']).toBe('fresh')
  })

  it('W7: of a tool, even if its size and times stay the same', async () => {
    const workspace = stamped()
    await workspace.build('image')
    await workspace.verdicts()
    editKeepingTimes(workspace, 'tools/stub', '#!/bin/sh\nprintf stub-253-\n')
    expect((await workspace.build('image')).ran).toEqual(['image'])
    expect(workspace.read('output/image')).toBe('stub-253-plain')
  })

  it('W8: of an input during the run of its producer', async () => {
    const workspace = built()
    const meeting = meetInOther(workspace)
    const build = workspace.start('other')
    await meeting.arrived(build)
    workspace.write('note.txt', 'edited\n')
    await meeting.release()
    expect((await build.ended).code).toBe(0)
    expect(await workspace.verdicts('other')).toEqual({ other: 'stale' })
  })
})

describe('lbuild takes an output for fresh', () => {
  it('W9: only if it has a record, which commands that inspect never write', async () => {
    const workspace = built()
    workspace.remove('cache/records/other')
    workspace.write('output/other.txt', 'from who knows where')
    const before = workspace.verdictState()
    for (const words of [['status'], ['why', 'other'], ['other', '--dry-run']]) {
      expect((await workspace.lbuild(...words)).stdout).not.toMatch(/is (not )?fresh/)
      expect((await workspace.lbuild(...words, '--check')).code).toBe(3)
    }
    expect(workspace.verdictState()).toEqual(before)
    expect((await workspace.build('other')).ran).toEqual(['other'])
    expect(workspace.read('output/other.txt')).toBe('a note\n')
  })

  it('W10: only if its content matches, and restores truncated and modified outputs', async () => {
    const workspace = built()
    const original = workspace.read('output/tiny.img')
    await workspace.verdicts()
    truncateSync(workspace.path('output/tiny.img'), 10)
    editKeepingTimes(workspace, 'output/other.txt', 'A NOTE\n')
    const { code, restored } = await workspace.build(...TINY_TARGETS)
    expect([code, restored]).toEqual([0, ['image', 'other']])
    expect([workspace.read('output/tiny.img'), workspace.read('output/other.txt')]).toEqual([
      original,
      'a note\n',
    ])
  })

  it('W11: only if names, modes, links, empty entries and the bytes of each file match', async () => {
    const workspace = built()
    mkdirSync(workspace.path('src/empty'))
    symlinkSync('hello', workspace.path('src/link'))
    await workspace.build('image')
    const relink = (target: string): void => {
      workspace.remove('src/link')
      symlinkSync(target, workspace.path('src/link'))
    }
    const changes: readonly (readonly [string, () => void, () => void])[] = [
      [
        'bytes moved from one file to the next',
        () => [workspace.write('src/hello', 'hello'), workspace.write('src/second', '\nsecond\n')],
        () => [workspace.write('src/hello', 'hello\n'), workspace.write('src/second', 'second\n')],
      ],
      [
        'a file renamed',
        () => renameSync(workspace.path('src/hello'), workspace.path('src/hallo')),
        () => renameSync(workspace.path('src/hallo'), workspace.path('src/hello')),
      ],
      [
        'a file made executable',
        () => chmodSync(workspace.path('src/hello'), 0o755),
        () => chmodSync(workspace.path('src/hello'), 0o644),
      ],
      ['an empty file', () => workspace.write('src/none', ''), () => workspace.remove('src/none')],
      [
        'an empty directory gone',
        () => workspace.remove('src/empty'),
        () => mkdirSync(workspace.path('src/empty')),
      ],
      ['another target of a link', () => relink('second'), () => relink('hello')],
    ]
    for (const [what, change, undo] of changes) {
      change()
      expect((await workspace.verdicts('packed'))['packed'], what).toBe('stale')
      undo()
      expect((await workspace.verdicts('packed'))['packed'], `${what}, undone`).toBe('fresh')
    }
  })

  it('W12: after hashing and copying large files in little memory', async () => {
    const workspace = built()
    const program = `process.on('exit', () => console.error('peak: ' + process.resourceUsage().maxRSS))`
    workspace.write('peak.mjs', program)
    workspace.env['NODE_OPTIONS'] = `--import=${workspace.path('peak.mjs')}`
    const peak = async (): Promise<number> => {
      const { code, stderr } = await workspace.lbuild('other')
      expect(code).toBe(0)
      return Number(/peak: (\d+)/.exec(stderr)![1]) * 1024
    }
    workspace.write('note.txt', 'small')
    const small = await peak()
    truncateSync(workspace.path('note.txt'), 2 ** 27)
    expect((await peak()) - small).toBeLessThan(2 ** 26)
    expect(lstatSync(workspace.path('output/other.txt')).size).toBe(2 ** 27)
  })

  it('W13: whatever its times: it finds an edit that preserves them and ignores a touch', async () => {
    const workspace = built()
    const path = workspace.path('note.txt')
    const year = 365 * 86_400
    // Fills the index.
    await workspace.verdicts('other')
    editKeepingTimes(workspace, 'note.txt', 'A NOTE\n')
    expect((await workspace.build('other')).ran).toEqual(['other'])
    for (const [name, time] of [
      ['old', 1],
      ['of the future', Date.now() / 1000 + year],
    ] as const) {
      workspace.write('note.txt', name)
      utimesSync(path, time, time)
      expect((await workspace.build('other')).ran, name).toEqual(['other'])
      expect(workspace.read('output/other.txt')).toBe(name)
      utimesSync(path, time + 60, time + 60)
      expect(await workspace.verdicts('other'), `${name}, touched`).toEqual({ other: 'fresh' })
    }
  })
})

import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { contents } from '../support/contents.ts'
import { flip, listing, objectPath, outputObject, record, textsObject } from '../support/damage.ts'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import type { Ended, TestWorkspace } from '../support/workspace.ts'

// `lbuild verify --store` puts aside what is damaged, and says what becomes of it.

const built = builtTiny()

describe('lbuild verify --store', () => {
  const verifyStore = (workspace: TestWorkspace): Promise<Ended> => workspace.lbuild('verify', '--store')

  it('says that the store is sound, and writes nothing to it', async () => {
    const workspace = built()
    const before = workspace.verdictState()
    const { stdout, code } = await verifyStore(workspace)
    expect(contents(workspace)).toEqual({ outputs: 4, listings: 1, texts: 5, others: 0 })
    expect(stdout).toMatch(/^the store is sound \(10 objects and 5 records read, [\d.]+ KiB\)\n$/)
    expect(code).toBe(0)
    expect(workspace.verdictState()).toEqual(before)
  })

  const damages: readonly [
    string,
    (workspace: TestWorkspace) => string,
    readonly string[],
    readonly string[],
  ][] = [
    [
      'an object of the latest build',
      (workspace) => outputObject(workspace, 'packed'),
      [
        "  the output 'tar' of packed: its next build makes it again\n",
        'hint: lbuild packed restores or builds',
      ],
      ['packed'],
    ],
    [
      'an object of two artifacts',
      (workspace) => outputObject(workspace, 'names'),
      [
        "  the output 'names' of names: its next",
        "  the output 'report' of report: its next",
        'hint: lbuild names report ',
      ],
      // The object of both is there again when the first of them has run.
      ['names'],
    ],
    [
      'a listing',
      listing,
      ['  the listing of src/ in a record of names: it only tells later changes by name\n'],
      [],
    ],
    [
      'what a build saw as texts',
      (workspace) => textsObject(workspace, 'other'),
      ['  the texts in a record of other: they only tell later changes line by line\n'],
      [],
    ],
    [
      'a record',
      (workspace) => `cache/records/other/${record(workspace, 'other').key}.json`,
      ['  a record of other: its next build restores or makes what it is missing\n', 'hint: lbuild other '],
      ['other'],
    ],
    [
      'the name of the latest record',
      () => 'cache/records/other/latest.json',
      ['damaged record other/latest.json, ', 'hint: lbuild other '],
      [],
    ],
  ]

  it.each(damages)(
    '%s that is damaged is put aside and named, and the next build makes it right',
    async (_, find, lines, ran) => {
      const workspace = built()
      const before = workspace.state('output')
      const path = find(workspace)
      flip(workspace, path, 3)
      const damaged = workspace.bytes(path)
      const { stdout, code } = await verifyStore(workspace)
      for (const line of lines) expect(stdout).toContain(line)
      expect(stdout).toMatch(/^damaged (object [0-9a-f]{64}|record other\/[0-9a-z]+\.json), [\d.]+ (B|KiB)\n/)
      expect(stdout).toContain('the store had 1 damaged (10 objects and 5 records read')
      expect(code).toBe(1)
      const aside = /put aside as (.*)\n/.exec(stdout)![1]!
      expect(fs.readFileSync(aside)).toEqual(damaged)
      expect(workspace.exists(path)).toBe(false)
      expect((await verifyStore(workspace)).code).toBe(0)
      // What is missing now is something to build only for whom the hint names.
      expect(stdout.includes('hint: ')).toBe(lines.some((line) => line.startsWith('hint: ')))
      expect((await workspace.build(...TINY_TARGETS)).ran).toEqual(ran)
      const same = Object.entries(workspace.state('output')).map(([name, state]) => [
        name,
        state.split(' ').at(-1),
      ])
      expect(same).toEqual(Object.entries(before).map(([name, state]) => [name, state.split(' ').at(-1)]))
      expect((await workspace.lbuild('verify', ...TINY_TARGETS)).code).toBe(0)
    },
  )

  it.each(['damaged', 'put aside'])(
    'texts that are %s are not told, and everything still builds',
    async (state) => {
      const workspace = built()
      workspace.write('note.txt', 'another note\n')
      const told = async (): Promise<string> => (await workspace.lbuild('why', 'other', '--diff')).stdout
      expect(await told()).toContain('-a note')
      flip(workspace, textsObject(workspace, 'other'), 3)
      if (state === 'put aside') await verifyStore(workspace)
      const without = await told()
      expect(without).toContain('no longer in the store: note.txt\n')
      expect(without).not.toContain('-a note')
      expect((await workspace.build(...TINY_TARGETS)).ran).toEqual(['other'])
      workspace.write('note.txt', 'a third note\n')
      expect(await told()).toContain('-another note')
    },
  )

  it('names what is missing with the records that name it; a store that lacks something is sound', async () => {
    const workspace = built()
    const missing = [outputObject(workspace, 'names'), listing(workspace), textsObject(workspace, 'other')]
    for (const path of missing) workspace.remove(path)
    const { stdout, code } = await verifyStore(workspace)
    const [names, src, other] = missing.map((path) => path.slice('cache/objects/'.length).replace('/', ''))
    expect(
      stdout
        .replace(/[\d.]+ KiB/, 'some KiB')
        .split('\n')
        .toSorted(),
    ).toEqual(
      [
        `missing object ${names}`,
        "  the output 'names' of names: its next build makes it again",
        "  the output 'report' of report: its next build makes it again",
        `missing object ${src}`,
        '  the listing of src/ in a record of names: it only tells later changes by name',
        '  the listing of src/ in a record of packed: it only tells later changes by name',
        `missing object ${other}`,
        '  the texts in a record of other: they only tell later changes line by line',
        'the store is sound and lacks 3 objects (7 objects and 5 records read, some KiB)',
        'hint: lbuild names report restores or builds what is missing now',
        '',
      ].toSorted(),
    )
    expect(code).toBe(0)
  })

  it('says of an earlier build, of a download and of what nobody names what becomes of it', async () => {
    const workspace = built()
    const earlier = outputObject(workspace, 'other')
    workspace.write('note.txt', 'another note\n')
    await workspace.build('other')
    const put = (text: string): string => {
      workspace.write(objectPath(sha256(text)), `${text} damaged`)
      return sha256(text)
    }
    put('unnamed')
    const file = { name: 'bash', package: 'bash', version: '1', path: 'bash', size: 4, sha256: put('bash') }
    workspace.write('packages.lock', JSON.stringify({ version: 1, request: '', files: [file] }))
    workspace.edit('build.config.ts', '{ defineConfig }', '{ defineConfig, lockfile }')
    workspace.edit(
      'build.config.ts',
      '[image,',
      `[lockfile('packages', { path: 'packages.lock', inputs: {}, tools: [], resolve: () => [], mirrors: () => [] }), image,`,
    )
    flip(workspace, earlier, 0)
    const { stdout, code } = await verifyStore(workspace)
    expect(stdout).toContain(
      "  the output 'note' of other, of an earlier build: it is made again if that is asked for\n",
    )
    expect(stdout).toContain(
      '  bash, a download of the lock packages: it is fetched again when a producer needs it\n',
    )
    expect(stdout).toContain('  no record and no lock names it: nothing to do\n')
    expect(stdout).not.toContain('hint')
    expect(code).toBe(1)
    // The download is put aside by now: that a lock names what is not there says nothing.
    const again = await verifyStore(workspace)
    expect([again.code, again.stdout.includes('bash')]).toEqual([0, false])
  })

  it('says of what the latest build has in common with earlier ones that it is the latest one', async () => {
    const workspace = built()
    // The names are the same, so that every record of `names` names the same object.
    for (const content of ['one', 'two', 'three']) {
      workspace.write('src/hello', content)
      await workspace.build('report')
    }
    flip(workspace, outputObject(workspace, 'names'), 0)
    const { stdout } = await verifyStore(workspace)
    expect(stdout).toContain("  the output 'names' of names: its next build makes it again\n")
    expect(stdout).toContain('hint: lbuild names report ')
  })

  it('holds the lock of the workspace meanwhile', async () => {
    const workspace = built()
    const lock = fs.openSync(workspace.path('cache/lock'), 'a')
    execFileSync('flock', ['--exclusive', '3'], { stdio: ['ignore', 'ignore', 'inherit', lock] })
    try {
      expect((await workspace.lbuild('verify', '--store', '--no-wait')).code).toBe(75)
      // Looking at what was published needs no lock.
      expect((await workspace.lbuild('verify', 'image')).code).toBe(0)
    } finally {
      fs.closeSync(lock)
    }
  })
})

// `lbuild verify --store` quarantines damaged files and says what their loss means.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { contents } from '../support/contents.ts'
import {
  flip,
  listing,
  objectPath,
  outputObject,
  record,
  textsObject,
  toolListing,
} from '../support/damage.ts'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import type { Ended, TestWorkspace } from '../support/workspace.ts'

const built = builtTiny()

describe('lbuild verify --store', () => {
  const verifyStore = (workspace: TestWorkspace): Promise<Ended> => workspace.lbuild('verify', '--store')

  it('reports an intact store, and writes nothing to it', async () => {
    const workspace = built()
    const before = workspace.verdictState()
    const { stdout, code } = await verifyStore(workspace)
    expect(contents(workspace)).toEqual({ outputs: 4, listings: 2, texts: 5, others: 0 })
    expect(stdout).toMatch(/^the store is intact \(read 11 objects and 5 records, [\d.]+ KiB\)\n$/)
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
        "  the output 'tar' of packed: rebuilt by its next build\n",
        "hint: run 'lbuild packed' to restore or rebuild",
      ],
      ['packed'],
    ],
    [
      'an object of two artifacts',
      (workspace) => outputObject(workspace, 'names'),
      [
        "  the output 'names' of names: rebuilt by its next build",
        "  the output 'roster' of roster: rebuilt by its next build",
        "hint: run 'lbuild names roster' ",
      ],
      // The first of them restores the object for both.
      ['names'],
    ],
    [
      'a listing',
      listing,
      ['  the listing of src/ in a record of names: used only to name changed files in explanations\n'],
      [],
    ],
    [
      'the listing of a tool',
      toolListing,
      [
        '  the listing of the tool tar in a record of packed: used only to name changed files in explanations\n',
      ],
      [],
    ],
    [
      'the texts that a run saw',
      (workspace) => textsObject(workspace, 'other'),
      ['  the texts in a record of other: used only to show changed lines in explanations\n'],
      [],
    ],
    [
      'a record',
      (workspace) => `cache/records/other/${record(workspace, 'other').key}.json`,
      [
        '  a record of other: its next build restores or rebuilds the missing outputs\n',
        "hint: run 'lbuild other' ",
      ],
      ['other'],
    ],
    [
      'the pointer to the latest record',
      () => 'cache/records/other/latest.json',
      ['damaged record other/latest.json, ', "hint: run 'lbuild other' "],
      [],
    ],
  ]

  it.each(damages)(
    'quarantines and names %s if it is damaged, and the next build repairs the outputs',
    async (_, find, lines, ran) => {
      const workspace = built()
      const before = workspace.state('output')
      const path = find(workspace)
      flip(workspace, path, 3)
      const damaged = workspace.bytes(path)
      const { stdout, code } = await verifyStore(workspace)
      for (const line of lines) expect(stdout).toContain(line)
      expect(stdout).toMatch(/^damaged (object [0-9a-f]{64}|record other\/[0-9a-z]+\.json), [\d.]+ (B|KiB)\n/)
      expect(stdout).toContain('the store had 1 damaged file (read 11 objects and 5 records')
      expect(code).toBe(1)
      const quarantined = /quarantined as (.*)\n/.exec(stdout)![1]!
      expect(fs.readFileSync(quarantined)).toEqual(damaged)
      expect(workspace.exists(path)).toBe(false)
      expect((await verifyStore(workspace)).code).toBe(0)
      // Only the artifacts that the hint names have something to build.
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

  it.each(['damaged', 'quarantined'])(
    'leaves %s texts out of explanations, and everything still builds',
    async (state) => {
      const workspace = built()
      workspace.write('note.txt', 'another note\n')
      const explain = async (): Promise<string> => (await workspace.lbuild('why', 'other', '--diff')).stdout
      expect(await explain()).toContain('-a note')
      flip(workspace, textsObject(workspace, 'other'), 3)
      if (state === 'quarantined') await verifyStore(workspace)
      const without = await explain()
      expect(without).toContain('no longer in the store: note.txt\n')
      expect(without).not.toContain('-a note')
      expect((await workspace.build(...TINY_TARGETS)).ran).toEqual(['other'])
      workspace.write('note.txt', 'a third note\n')
      expect(await explain()).toContain('-another note')
    },
  )

  it('lists missing objects with the records that refer to them; a store that lacks objects is intact', async () => {
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
        "  the output 'names' of names: rebuilt by its next build",
        "  the output 'roster' of roster: rebuilt by its next build",
        `missing object ${src}`,
        '  the listing of src/ in a record of names: used only to name changed files in explanations',
        '  the listing of src/ in a record of packed: used only to name changed files in explanations',
        `missing object ${other}`,
        '  the texts in a record of other: used only to show changed lines in explanations',
        'the store is intact and lacks 3 objects (read 8 objects and 5 records, some KiB)',
        "hint: run 'lbuild names roster' to restore or rebuild what is missing",
        '',
      ].toSorted(),
    )
    expect(code).toBe(0)
  })

  it('says what the loss of an earlier output, a download and an unreferenced object means', async () => {
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
      "  the output 'note' of other, from an earlier build: rebuilt if its inputs are built again\n",
    )
    expect(stdout).toContain(
      '  bash, a download of the lockfile packages: fetched again when a producer needs it\n',
    )
    expect(stdout).toContain('  nothing refers to it\n')
    expect(stdout).not.toContain('hint')
    expect(code).toBe(1)
    // The download is quarantined by now; a lockfile may name downloads that the store lacks.
    const again = await verifyStore(workspace)
    expect([again.code, again.stdout.includes('bash')]).toEqual([0, false])
  })

  it('names the latest build of an object that earlier builds share', async () => {
    const workspace = built()
    // The names do not change, so every record of `names` refers to the same object.
    for (const content of ['one', 'two', 'three']) {
      workspace.write('src/hello', content)
      await workspace.build('roster')
    }
    flip(workspace, outputObject(workspace, 'names'), 0)
    const { stdout } = await verifyStore(workspace)
    expect(stdout).toContain("  the output 'names' of names: rebuilt by its next build\n")
    expect(stdout).toContain("hint: run 'lbuild names roster' ")
  })

  it('holds the workspace lock meanwhile', async () => {
    const workspace = built()
    const lock = fs.openSync(workspace.path('cache/lock'), 'a')
    execFileSync('flock', ['--exclusive', '3'], { stdio: ['ignore', 'ignore', 'inherit', lock] })
    try {
      expect((await workspace.lbuild('verify', '--store', '--no-wait')).code).toBe(75)
      // Verifying outputs needs no lock.
      expect((await workspace.lbuild('verify', 'image')).code).toBe(0)
    } finally {
      fs.closeSync(lock)
    }
  })
})

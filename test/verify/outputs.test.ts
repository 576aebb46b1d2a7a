import * as fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { verifyPublished } from '../../src/verify/outputs.ts'
import { openWorkspace } from '../../src/workspace/workspace.ts'
import { flip, listing, outputObject, record, textsObject } from '../support/damage.ts'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import type { TestWorkspace } from '../support/workspace.ts'

// `lbuild verify` reads everything in full and believes nothing but the bytes.

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const built = builtTiny()

describe('lbuild verify TARGET', () => {
  it('says that all is as recorded, and writes nothing', async () => {
    const workspace = built()
    await workspace.lbuild('status')
    const before = { cache: workspace.state('cache'), output: workspace.state('output') }
    const { code, stdout, stderr } = await workspace.lbuild('verify', ...TINY_TARGETS)
    expect([code, stderr]).toEqual([0, ''])
    // The outputs of five artifacts, one listing, and the texts of each; names.names and report.report are one object.
    expect(stdout).toMatch(
      /^image, report, other: all as recorded \(5 artifacts; read 3 published outputs and 10 objects, [\d.]+ KiB\)\n$/,
    )
    expect({ cache: workspace.state('cache'), output: workspace.state('output') }).toEqual(before)
  })

  const wrongs: readonly [string, (workspace: TestWorkspace) => void, string | RegExp, string][] = [
    [
      'an output that is cut',
      (workspace) => fs.truncateSync(workspace.path('output/other.txt'), 5),
      'wrong other        output/other.txt has 5 bytes where 7 were built, from byte 5 on\n',
      'to put it right: lbuild image report other\n',
    ],
    [
      'an output with one other byte',
      (workspace) => flip(workspace, 'output/other.txt', 3),
      'wrong other        output/other.txt has other content in its 7 bytes, from byte 3 on\n',
      'to put it right: lbuild image report other\n',
    ],
    [
      'an output that is missing',
      (workspace) => workspace.remove('output/other.txt'),
      'wrong other        output/other.txt is missing\n',
      'to put it right: lbuild image report other\n',
    ],
    [
      'a directory where an output was',
      (workspace) => {
        workspace.remove('output/other.txt')
        fs.mkdirSync(workspace.path('output/other.txt'))
      },
      'wrong other        output/other.txt is a directory\n',
      'to put it right: lbuild image report other\n',
    ],
    [
      'a link to a file with the right content',
      (workspace) => {
        workspace.rename('output/other.txt', 'output/elsewhere')
        fs.symlinkSync('elsewhere', workspace.path('output/other.txt'))
      },
      'wrong other        output/other.txt is a symlink\n',
      'to put it right: lbuild image report other\n',
    ],
    [
      'a damaged object of an internal output',
      (workspace) => flip(workspace, outputObject(workspace, 'packed'), 600),
      /^wrong packed {7}objects\/..\/[0-9a-f]{62} has other content in its 10240 bytes\n/,
      'to put it right: lbuild verify --store, which puts damaged objects aside; then lbuild image report other\n',
    ],
    [
      'a missing object',
      (workspace) => workspace.remove(outputObject(workspace, 'packed')),
      /^wrong packed {7}objects\/..\/[0-9a-f]{62} is missing\n/,
      'to put it right: lbuild image report other\n',
    ],
    [
      'a damaged listing, of each artifact that took the tree',
      (workspace) => flip(workspace, listing(workspace), 2),
      /^wrong packed .*\nwrong names {8}objects\/..\/[0-9a-f]{62} has other content in its \d+ bytes\n/,
      'to put it right: lbuild verify --store, which puts damaged objects aside; then lbuild image report other\n',
    ],
    [
      'damaged texts',
      (workspace) => flip(workspace, textsObject(workspace, 'other'), 2),
      /^wrong other {8}objects\/..\/[0-9a-f]{62} has other content in its \d+ bytes\n/,
      'to put it right: lbuild verify --store, which puts damaged objects aside; then lbuild image report other\n',
    ],
    [
      'a damaged record',
      (workspace) => flip(workspace, `cache/records/other/${record(workspace, 'other').key}.json`, 100),
      'wrong other        its latest record is damaged\n',
      'to put it right: lbuild image report other\n',
    ],
    [
      'a record that is gone',
      (workspace) => workspace.remove('cache/records/other'),
      'wrong other        its latest record is missing\n',
      'to put it right: lbuild image report other\n',
    ],
  ]

  it.each(wrongs)('%s: exit code 1, what it is, and what to do', async (_, damage, line, hint) => {
    const workspace = built()
    await workspace.lbuild('status')
    damage(workspace)
    const before = { cache: workspace.state('cache'), output: workspace.state('output') }
    const { code, stdout } = await workspace.lbuild('verify', ...TINY_TARGETS)
    expect(stdout).toMatch(line instanceof RegExp ? line : new RegExp(`^${line.replaceAll('.', '\\.')}`))
    expect(stdout).toMatch(/^image, report, other: [12] wrong \(5 artifacts; read /m)
    expect(stdout.endsWith(hint)).toBe(true)
    expect(code).toBe(1)
    expect({ cache: workspace.state('cache'), output: workspace.state('output') }).toEqual(before)
    // And what the hint says helps.
    for (const step of hint.matchAll(/lbuild ([a-z -]+)/g))
      await workspace.lbuild(...step[1]!.trim().split(' '))
    expect((await workspace.lbuild('verify', ...TINY_TARGETS)).code).toBe(0)
  })

  it('a listing or texts that are gone are not wrong: they only told what changed', async () => {
    const workspace = built()
    workspace.remove(listing(workspace))
    workspace.remove(textsObject(workspace, 'image'))
    expect((await workspace.lbuild('verify', 'image')).code).toBe(0)
  })

  it('looks at the targets and what is below them, and at nothing else', async () => {
    const workspace = built()
    flip(workspace, 'output/other.txt', 3)
    expect((await workspace.lbuild('verify', 'image')).code).toBe(0)
    expect((await workspace.lbuild('verify', 'other')).code).toBe(1)
  })

  it('does not believe the stat cache, and says how to help a build that does', async () => {
    const workspace = built()
    const path = workspace.path('output/other.txt')
    const whole = sha256(workspace.bytes('output/other.txt'))
    flip(workspace, 'output/other.txt', 3)
    // As after a disk that changed a byte by itself: the file's state is the one that is remembered.
    fs.utimesSync(path, 1, 1)
    const stat = realDisk.lstat(path)!
    const index = new StatIndex(realDisk, workspace.path('cache/index'), () => stat.ctimeNs)
    index.remember(path, stat, whole, stat.mtimeNs)
    index.save()
    expect((await workspace.build('other')).report.artifacts[0]!.outcome).toBe('fresh')
    const { code, stdout } = await workspace.lbuild('verify', 'other')
    expect(stdout).toContain('output/other.txt has other content in its 7 bytes, from byte 3 on')
    expect(stdout).toContain('to put it right: remove output/other.txt; then lbuild other\n')
    expect(code).toBe(1)
    workspace.remove('output/other.txt')
    expect((await workspace.build('other')).restored).toEqual(['other'])
    expect((await workspace.lbuild('verify', 'other')).code).toBe(0)
  })

  it('looks again at what a build publishes meanwhile', async () => {
    const workspace = built()
    const later = built()
    later.write('note.txt', 'another note\n')
    await later.build('other')
    let published = false
    const disk = new Proxy(realDisk, {
      get: (target, name: keyof Disk) =>
        name === 'open'
          ? (path: string, ...rest: ['r']) => {
              const reads = path.endsWith('/output/other.txt')
              for (const part of reads && !published ? ['cache/records', 'cache/objects', 'output'] : [])
                fs.cpSync(later.path(part), workspace.path(part), { recursive: true })
              published ||= reads
              return target.open(path, ...rest)
            }
          : target[name],
    })
    const opened = await openWorkspace({ start: workspace.root, home: HOME }, disk)
    const { mismatches, outputs } = await verifyPublished(opened, ['other'], new AbortController().signal)
    expect(mismatches).toEqual([])
    expect([published, outputs]).toEqual([true, 2])
  })

  it('--json gives all of it', async () => {
    const workspace = built()
    flip(workspace, 'output/other.txt', 3)
    const { stdout, code } = await workspace.lbuild('verify', 'other', '--json')
    const { outputs } = record(workspace, 'other')
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 2,
      targets: ['other'],
      artifacts: 1,
      outputs: 1,
      // The output's, of as many bytes as the output, and the texts.
      objects: 2,
      bytes: 7 + 7 + workspace.bytes(textsObject(workspace, 'other')).length,
      mismatches: [
        {
          artifact: 'other',
          kind: 'output',
          path: 'output/other.txt',
          expected: { sha256: outputs['note']!.sha256, size: 7 },
          found: { state: 'file', sha256: sha256(workspace.bytes('output/other.txt')), size: 7 },
          difference: { offset: 3, length: 1, sizes: [7, 7], before: '6f74650a', now: '9074650a' },
        },
      ],
    })
    expect(code).toBe(1)
  })

  it.each([
    [[], 'no target was named'],
    [['imgae'], `did you mean 'image'?`],
    [['--store', 'image'], '--store goes without targets'],
  ])('%j is a wrong call', async (args, message) => {
    const { code, stderr } = await built().lbuild('verify', ...args)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})

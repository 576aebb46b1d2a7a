// `lbuild verify` reads outputs and objects in full and trusts nothing but their bytes.
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

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const built = builtTiny()

describe('lbuild verify TARGET', () => {
  it('reports that everything is as recorded, and writes nothing', async () => {
    const workspace = built()
    await workspace.lbuild('status')
    const before = { cache: workspace.state('cache'), output: workspace.state('output') }
    const { code, stdout, stderr } = await workspace.lbuild('verify', ...TINY_TARGETS)
    expect([code, stderr]).toEqual([0, ''])
    // Objects: the outputs of five artifacts (names.names and roster.roster share one), the listings of a tree and a tool, and five texts.
    expect(stdout).toMatch(
      /^image, roster, other: all as recorded \(5 artifacts; read 3 published outputs and 11 objects, [\d.]+ KiB\)\n$/,
    )
    expect({ cache: workspace.state('cache'), output: workspace.state('output') }).toEqual(before)
    const only = await workspace.lbuild('verify', 'image', '--only')
    expect(only.stdout).toMatch(/^image: all as recorded \(1 artifact; read 1 published output and /)
  })

  const mismatches: readonly [string, (workspace: TestWorkspace) => void, string | RegExp, string][] = [
    [
      'a truncated output',
      (workspace) => fs.truncateSync(workspace.path('output/other.txt'), 5),
      'differs other        output/other.txt has 5 bytes instead of 7, first at offset 5\n',
      "hint: run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'an output with one changed byte',
      (workspace) => flip(workspace, 'output/other.txt', 3),
      'differs other        output/other.txt has different content (7 bytes), first at offset 3\n',
      "hint: run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'a missing output',
      (workspace) => workspace.remove('output/other.txt'),
      'differs other        output/other.txt is missing\n',
      "hint: run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'a directory in place of an output',
      (workspace) => {
        workspace.remove('output/other.txt')
        fs.mkdirSync(workspace.path('output/other.txt'))
      },
      'differs other        output/other.txt is a directory\n',
      "hint: run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'a link to a file with the right content',
      (workspace) => {
        workspace.rename('output/other.txt', 'output/elsewhere')
        fs.symlinkSync('elsewhere', workspace.path('output/other.txt'))
      },
      'differs other        output/other.txt is a symlink\n',
      "hint: run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'a damaged object of an internal output',
      (workspace) => flip(workspace, outputObject(workspace, 'packed'), 600),
      /^differs packed {7}objects\/..\/[0-9a-f]{62} has different content \(10240 bytes\)\n/,
      "hint: run 'lbuild verify --store' to quarantine damaged objects, then run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'a missing object',
      (workspace) => workspace.remove(outputObject(workspace, 'packed')),
      /^differs packed {7}objects\/..\/[0-9a-f]{62} is missing\n/,
      "hint: run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'a damaged listing, for each artifact that takes the tree',
      (workspace) => flip(workspace, listing(workspace), 2),
      /^differs packed .*\ndiffers names {8}objects\/..\/[0-9a-f]{62} has different content \(\d+ bytes\)\n/,
      "hint: run 'lbuild verify --store' to quarantine damaged objects, then run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'damaged texts',
      (workspace) => flip(workspace, textsObject(workspace, 'other'), 2),
      /^differs other {8}objects\/..\/[0-9a-f]{62} has different content \(\d+ bytes\)\n/,
      "hint: run 'lbuild verify --store' to quarantine damaged objects, then run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'a damaged record',
      (workspace) => flip(workspace, `cache/records/other/${record(workspace, 'other').key}.json`, 100),
      'differs other        its latest record is damaged\n',
      "hint: run 'lbuild image roster other' to restore or rebuild\n",
    ],
    [
      'a missing record',
      (workspace) => workspace.remove('cache/records/other'),
      'differs other        its latest record is missing\n',
      "hint: run 'lbuild image roster other' to restore or rebuild\n",
    ],
  ]

  it.each(mismatches)(
    'reports %s with exit code 1 and a hint that repairs it',
    async (_, damage, line, hint) => {
      const workspace = built()
      await workspace.lbuild('status')
      damage(workspace)
      const before = { cache: workspace.state('cache'), output: workspace.state('output') }
      const { code, stdout } = await workspace.lbuild('verify', ...TINY_TARGETS)
      expect(stdout).toMatch(
        line instanceof RegExp ? line : new RegExp(`^${line.replaceAll(/[.()]/g, '\\$&')}`),
      )
      expect(stdout).toMatch(/^image, roster, other: [12] differences? \(5 artifacts; read /m)
      expect(stdout.endsWith(hint)).toBe(true)
      expect(code).toBe(1)
      expect({ cache: workspace.state('cache'), output: workspace.state('output') }).toEqual(before)
      // Following the hint repairs it.
      for (const step of hint.matchAll(/'lbuild ([a-z -]+)'/g))
        await workspace.lbuild(...step[1]!.trim().split(' '))
      expect((await workspace.lbuild('verify', ...TINY_TARGETS)).code).toBe(0)
    },
  )

  it('accepts missing listings and texts, because they only explain changes', async () => {
    const workspace = built()
    workspace.remove(listing(workspace))
    workspace.remove(textsObject(workspace, 'image'))
    expect((await workspace.lbuild('verify', 'image')).code).toBe(0)
  })

  it('verifies only the targets and their dependencies', async () => {
    const workspace = built()
    flip(workspace, 'output/other.txt', 3)
    expect((await workspace.lbuild('verify', 'image')).code).toBe(0)
    expect((await workspace.lbuild('verify', 'other')).code).toBe(1)
  })

  it('ignores the stat cache, and says how to make a build notice', async () => {
    const workspace = built()
    const path = workspace.path('output/other.txt')
    const whole = sha256(workspace.bytes('output/other.txt'))
    flip(workspace, 'output/other.txt', 3)
    // Like a disk that corrupts a byte: the stat cache still takes the file for unchanged.
    fs.utimesSync(path, 1, 1)
    const stat = realDisk.lstat(path)!
    const index = new StatIndex(realDisk, workspace.path('cache/index'), () => stat.ctimeNs)
    index.remember(path, stat, whole, stat.mtimeNs)
    index.save()
    expect((await workspace.build('other')).report.artifacts[0]!.outcome).toBe('fresh')
    const { code, stdout } = await workspace.lbuild('verify', 'other')
    expect(stdout).toContain('output/other.txt has different content (7 bytes), first at offset 3')
    expect(stdout).toContain("hint: remove output/other.txt, then run 'lbuild other' to restore or rebuild\n")
    expect(code).toBe(1)
    workspace.remove('output/other.txt')
    expect((await workspace.build('other')).restored).toEqual(['other'])
    expect((await workspace.lbuild('verify', 'other')).code).toBe(0)
  })

  it('verifies an artifact again if a build publishes it meanwhile', async () => {
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
    const opened = await openWorkspace({ start: workspace.root, home: HOME, hasSandbox: () => true }, disk)
    const { mismatches, outputs } = await verifyPublished(opened, ['other'], new AbortController().signal)
    expect(mismatches).toEqual([])
    expect([published, outputs]).toEqual([true, 2])
  })

  it('prints everything as JSON with --json', async () => {
    const workspace = built()
    flip(workspace, 'output/other.txt', 3)
    const { stdout, code } = await workspace.lbuild('verify', 'other', '--json')
    const { outputs } = record(workspace, 'other')
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 2,
      targets: ['other'],
      artifacts: 1,
      outputs: 1,
      // The object of the output, and the texts.
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
    [[], 'no target given'],
    [['imgae'], `did you mean 'image'?`],
    [['--store', 'image'], '--store cannot be combined with targets'],
    [['--store', '--only'], '--store cannot be combined with targets, --rebuild or --only'],
  ])('rejects %j', async (args, message) => {
    const { code, stderr } = await built().lbuild('verify', ...args)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})

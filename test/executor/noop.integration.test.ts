// Tests that a build with nothing to do, and commands that only inspect, change nothing.
import { describe, expect, it } from 'vitest'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'

const built = builtTiny()

describe('a build with nothing to do', () => {
  it('reports that, exits with 0, takes no lock, and writes neither to output/ nor to the store', async () => {
    const workspace = built()
    const before = workspace.verdictState()
    const logs = workspace.state('cache/log')
    workspace.remove('cache/lock')
    for (let run = 0; run < 2; run += 1) {
      const { code, stdout, stderr } = await workspace.lbuild(...TINY_TARGETS)
      expect(code).toBe(0)
      expect(stderr).toBe('')
      expect(stdout).toMatch(/^image, roster, other are fresh: nothing to do \(5 artifacts checked in /)
    }
    expect(workspace.verdictState()).toEqual(before)
    expect(workspace.state('cache/log')).toEqual(logs)
    expect(workspace.exists('cache/lock')).toBe(false)
  })

  it('prints nothing with -q, and lists fresh artifacts in JSON', async () => {
    const workspace = built()
    expect(await workspace.lbuild('image', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
    const { report } = await workspace.build('build', 'image')
    expect(report).toMatchObject({ targets: ['image'], exitCode: 0 })
    expect(report.artifacts.map(({ name, outcome }) => [name, outcome]).toSorted()).toEqual([
      ['image', 'fresh'],
      ['names', 'fresh'],
      ['packed', 'fresh'],
    ])
    expect(report.artifacts.at(-1)!.outputs).toMatchObject([{ path: 'tiny.img', published: true }])
  })
})

describe('commands that inspect', () => {
  const inspections: readonly (readonly string[])[] = [
    ['status'],
    ['status', '--json', '--check'],
    ['why', 'image'],
    ['graph', '--format', 'json'],
    ['image', '--dry-run'],
    ['image', '--force', '--dry-run', '--json'],
  ]

  it('do not change verdicts of a workspace with an edit, a missing and a modified output and a lost record', async () => {
    const workspace = built()
    workspace.write('src/hello', 'HELLO\n')
    workspace.remove('output/other.txt')
    workspace.write('output/docs/roster.txt', 'changed')
    workspace.remove('cache/records/roster')
    const before = workspace.verdictState()
    for (const words of inspections) {
      await workspace.lbuild(...words)
      expect(workspace.verdictState(), words.join(' ')).toEqual(before)
      expect(workspace.exists('cache/work') ? workspace.state('cache/work') : {}).toEqual({})
    }
    // The build acts as if nothing had been inspected.
    const { report } = await workspace.build(...TINY_TARGETS)
    expect(Object.fromEntries(report.artifacts.map(({ name, outcome }) => [name, outcome]))).toEqual({
      names: 'built',
      packed: 'built',
      image: 'built',
      roster: 'built',
      other: 'restored',
    })
  })

  it('report the state of each artifact', async () => {
    const workspace = built()
    expect((await workspace.lbuild('status', '--check')).code).toBe(0)
    workspace.write('src/hello', 'HELLO\n')
    workspace.remove('output/other.txt')
    const { stdout, code } = await workspace.lbuild('status', '--check')
    expect(code).toBe(3)
    expect(stdout).toMatch(/^stale {6}packed {7}src\/ changed$/m)
    expect(stdout).toMatch(/^undecided {2}roster {7}depends on names, which is not fresh$/m)
    expect(stdout).toMatch(/^restorable other {8}output other\.txt is missing$/m)
    expect(stdout).toContain('2 artifacts would run, 2 may run, 1 would be restored')
    expect((await workspace.lbuild('image', '--dry-run', '--check')).code).toBe(3)
    expect((await workspace.lbuild('image', '--dry-run')).code).toBe(0)
    expect((await workspace.lbuild('graph', 'image')).stdout).toBe('image\n  packed\n  names\n')
  })
})

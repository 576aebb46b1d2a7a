// `lbuild history` shows from the event log alone what past builds did and how they ended.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LoggedArtifact } from '../../src/events/loggedBuild.ts'
import { builtTiny, meetInOther, TINY, TINY_TARGETS } from '../support/tiny.ts'
import { waiting } from '../support/processes.ts'
import { TestWorkspace } from '../support/workspace.ts'

interface BuildDocument {
  readonly id: string
  readonly startedAt: string
  readonly targets: readonly string[]
  readonly params: Readonly<Record<string, string>>
  readonly end: string
  readonly seconds: number
  readonly savedSeconds: number | null
  readonly incomplete: boolean
  readonly built: readonly string[]
  readonly restored: readonly string[]
  readonly fresh: readonly string[]
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
  readonly unfinished: readonly string[]
  readonly unreached: readonly string[]
}

interface DetailDocument extends BuildDocument {
  readonly artifacts: readonly LoggedArtifact[]
  readonly explanation: { causes: readonly { reason: { kind: string }; artifacts: readonly string[] }[] }
  readonly criticalPath: readonly { kind: string; name: string; seconds: number }[]
  readonly failure: { headline: string } | null
  readonly warnings: readonly { message: string }[]
}

const built = builtTiny()

/** What `lbuild history --json` prints, newest first. */
async function history(
  workspace: TestWorkspace,
  ...args: readonly string[]
): Promise<readonly BuildDocument[]> {
  const { code, stdout, stderr } = await workspace.lbuild('history', '--json', ...args)
  expect([code, stderr]).toEqual([0, ''])
  const { schemaVersion, builds } = JSON.parse(stdout) as { schemaVersion: number; builds: BuildDocument[] }
  expect(schemaVersion).toBe(2)
  return builds
}

async function detail(workspace: TestWorkspace, id = 'last'): Promise<DetailDocument> {
  const { code, stdout, stderr } = await workspace.lbuild('history', '--json', '--build', id)
  expect([code, stderr]).toEqual([0, ''])
  return (JSON.parse(stdout) as { build: DetailDocument }).build
}

const artifactOf = ({ artifacts }: DetailDocument, name: string): LoggedArtifact =>
  artifacts.find((one) => one.name === name)!

const EMPTY = { built: [], restored: [], fresh: [], failed: [], skipped: [], unfinished: [], unreached: [] }

describe('the history', () => {
  it('lists every build, newest first, with its request and the outcome of each artifact', async () => {
    const workspace = built()
    await workspace.lbuild('image', '--disk-size', '7', '--jobs', '1')
    await workspace.lbuild('image', 'other', '--force')
    workspace.remove('output/docs/report.txt')
    await workspace.lbuild('report')
    const [restore, forced, resized, first, ...others] = await history(workspace)
    expect(others).toEqual([])
    expect(first).toMatchObject({
      ...EMPTY,
      targets: TINY_TARGETS,
      params: {},
      end: 'done',
      savedSeconds: 0,
      built: ['packed', 'names', 'image', 'report', 'other'],
    })
    expect(resized).toMatchObject({
      ...EMPTY,
      params: { diskSize: '7' },
      jobs: 1,
      built: ['image'],
      fresh: ['packed', 'names'],
    })
    expect(resized!.savedSeconds).toBeGreaterThan(0)
    expect(forced).toMatchObject({ targets: ['image', 'other'], force: true, built: ['image', 'other'] })
    expect(restore).toMatchObject({ ...EMPTY, restored: ['report'], fresh: ['names'], end: 'done' })
    const ids = [first, resized, forced, restore].map((build) => build!.id)
    expect(ids.toSorted()).toEqual(ids)
    for (const { id, startedAt, seconds } of [first!, restore!]) {
      expect(id).toMatch(/^\d{8}-\d{6}-\d{3}-[0-9a-f]{6}$/)
      expect(Math.abs(Date.parse(startedAt) - Date.now())).toBeLessThan(600_000)
      expect(seconds).toBeGreaterThan(0)
    }
  })

  it('lists no build that had nothing to do, not even one that waited while another did it', async () => {
    const workspace = built()
    const before = workspace.state('cache/log')
    await workspace.build('image')
    await workspace.lbuild('image', '--dry-run')
    await workspace.lbuild('verify', 'image')
    expect(workspace.state('cache/log')).toEqual(before)
    const meeting = meetInOther(workspace)
    const first = workspace.start('other')
    await meeting.arrived(first)
    const second = workspace.start('other')
    await waiting(second)
    await meeting.release()
    const both = await Promise.all([first.ended, second.ended])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both[1].stdout).toContain('nothing to do')
    expect(await history(workspace)).toHaveLength(2)
  })

  it('lists no other commands that write a log', async () => {
    const workspace = built()
    expect((await workspace.lbuild('verify', '--rebuild', 'other')).code).toBe(0)
    expect(fs.readdirSync(workspace.path('cache/log'))).toHaveLength(2)
    expect(await history(workspace)).toHaveLength(1)
    expect((await detail(workspace)).built).toHaveLength(5)
  })

  it('shows early cutoffs, and why each artifact ran', async () => {
    const workspace = built()
    workspace.write('src/hello', 'HELLO\n')
    await workspace.build('image', 'report')
    const build = await detail(workspace)
    expect(build.explanation.causes).toMatchObject([
      { reason: { kind: 'changed', now: { kind: 'tree', path: 'src' } }, artifacts: ['packed', 'names'] },
    ])
    expect(artifactOf(build, 'names')).toMatchObject({ outcome: 'built', changed: false })
    expect(artifactOf(build, 'names').outputs).toMatchObject([{ name: 'names', changed: false }])
    expect(artifactOf(build, 'packed')).toMatchObject({ outcome: 'built', changed: true, dependencies: [] })
    expect(artifactOf(build, 'report')).toMatchObject({ outcome: 'fresh', cutOff: true })
    const image = artifactOf(build, 'image')
    expect(image).toMatchObject({ outcome: 'built', dependencies: ['packed', 'names'] })
    expect(image.reasons).toMatchObject([{ kind: 'changed', now: { kind: 'output', name: 'tar' } }])
    expect(image.key).toMatch(/^[0-9a-f]{64}$/)
    expect(image.outputs).toMatchObject([{ name: 'image', path: 'tiny.img', published: true, changed: true }])
    expect(image.attempts[0]!.phases.map(({ name }) => name)).toEqual([
      'inputs',
      'produce',
      'store',
      'publish',
    ])
    // An artifact that was fresh from the beginning was not cut off.
    workspace.write('src/hello', 'hello again\n')
    await workspace.build('image', 'other')
    expect(artifactOf(await detail(workspace), 'other')).toMatchObject({ outcome: 'fresh', cutOff: false })
  })

  it('shows whether restoring an artifact changed its output', async () => {
    const workspace = built()
    await workspace.build('image', '--disk-size', '7')
    await workspace.build('image')
    const { savedSeconds, ...image } = artifactOf(await detail(workspace), 'image')
    expect(image).toMatchObject({ outcome: 'restored', changed: true, reasons: [{ kind: 'changed' }] })
    expect(savedSeconds).toBeGreaterThan(0)
    workspace.remove('output/tiny.img')
    await workspace.build('image')
    expect(artifactOf(await detail(workspace), 'image')).toMatchObject({
      outcome: 'restored',
      changed: false,
      reasons: [{ kind: 'output-missing' }],
    })
  })

  it('shows a failure, the artifacts skipped because of it, and warnings', async () => {
    const workspace = built()
    workspace.edit('artifacts/packed.ts', '--sort=name', '--sort=nobody-knows')
    workspace.write('note.txt', 'another note\n')
    const { code } = await workspace.lbuild('image', 'other', '--keep-going')
    expect(code).toBe(1)
    const build = await detail(workspace)
    expect(build).toMatchObject({ end: 'failed', failed: ['packed'], skipped: ['image'], built: ['other'] })
    expect(artifactOf(build, 'packed')).toMatchObject({
      failure: { headline: 'tar failed' },
      reasons: [{ kind: 'module', module: 'artifacts/packed.ts' }],
    })
    expect(artifactOf(build, 'image')).toMatchObject({ failedArtifact: 'packed' })
    const { stdout } = await workspace.lbuild('history', '--build', 'last')
    expect(stdout).toMatch(/^failed +packed +[\d.]+ s +tar failed$/m)
    expect(stdout).toMatch(/^skipped +image +because packed failed$/m)
    expect(stdout).toContain('error: packed: tar failed\n')
    expect(stdout).toContain('nobody-knows')
  })

  it('shows a build that failed before any artifact ran', async () => {
    const workspace = new TestWorkspace({
      'build.config.ts': `import { artifact, defineConfig, lockfile } from 'lbuild'
const packages = lockfile('packages', { path: 'packages.lock', inputs: {}, tools: [],
  resolve: () => { throw new Error('the mirror has burnt down') }, mirrors: () => [] })
const base = artifact('base', { inputs: { packages: packages.downloads() }, outputs: { base: 'base' }, produce() {} })
export default defineConfig({ artifacts: [packages, base] })
`,
    })
    const { code, stderr } = await workspace.lbuild('base')
    expect(stderr).toContain('the mirror has burnt down')
    expect(code).toBe(1)
    const build = await detail(workspace)
    expect(build).toMatchObject({ ...EMPTY, end: 'failed', unreached: ['base'], savedSeconds: null })
    expect(build.failure?.headline).toBe('the mirror has burnt down')
    expect((await workspace.lbuild('history', '--build', 'last')).stdout).toContain(
      'the mirror has burnt down',
    )
  })

  it.each([
    ['SIGINT', 'interrupted', 'interrupted after'],
    ['SIGKILL', 'unfinished', 'did not finish'],
  ] as const)('shows a build that %s ended as %s', async (signal, end, words) => {
    const workspace = built()
    const meeting = meetInOther(workspace)
    workspace.write('src/new', 'new\n')
    const build = workspace.start('other', 'image', '--jobs', '1')
    await meeting.arrived(build)
    build.child.kill(signal)
    await build.ended
    const [last] = await history(workspace)
    expect(last).toMatchObject({ end, savedSeconds: null, incomplete: false, failed: [] })
    expect(last!.unfinished).toEqual(['other'])
    expect([...last!.built, ...last!.unreached, ...last!.unfinished].toSorted()).toEqual([
      'image',
      'names',
      'other',
      'packed',
    ])
    const { stdout } = await workspace.lbuild('history')
    expect(stdout).toContain(words)
    expect((await workspace.lbuild('history', '--build', 'last')).stdout).toMatch(/^unfinished +other/m)
  })
})

describe('lbuild history', () => {
  it('needs no inputs and no valid config, takes no lock and writes nothing', async () => {
    const workspace = built()
    const wanted = await history(workspace)
    workspace.write('build.config.ts', 'this is no TypeScript (')
    workspace.remove('src')
    workspace.remove('note.txt')
    const before = workspace.state('.')
    expect(await history(workspace)).toEqual(wanted)
    expect((await detail(workspace)).built).toEqual(wanted[0]!.built)
    expect((await workspace.lbuild('history')).code).toBe(0)
    expect(workspace.state('.')).toEqual(before)
    workspace.remove('build.config.ts')
    expect(await history(workspace)).toEqual(wanted)
    workspace.remove('cache')
    const { code, stderr } = await workspace.lbuild('history')
    expect(stderr).toContain('there is no build.config.ts here')
    expect(code).toBe(2)
  })

  it('shows a build that is still running', async () => {
    const workspace = built()
    const meeting = meetInOther(workspace)
    const build = workspace.start('other')
    await meeting.arrived(build)
    expect(await history(workspace)).toMatchObject([
      { end: 'unfinished', unfinished: ['other'] },
      { end: 'done' },
    ])
    expect((await workspace.lbuild('history', '-n', '1')).stdout).toContain('or still running')
    await meeting.release()
    expect((await build.ended).code).toBe(0)
    expect(await history(workspace)).toMatchObject([{ end: 'done', built: ['other'] }, { end: 'done' }])
  })

  it('shows ten builds, or as many as requested', async () => {
    const workspace = built()
    const [name] = fs.readdirSync(workspace.path('cache/log'))
    const log = workspace.read(`cache/log/${name}`)
    for (let at = 10; at < 24; at += 1) workspace.write(`cache/log/20200101-0000${at}-000-000000.jsonl`, log)
    expect(await history(workspace)).toHaveLength(10)
    expect((await history(workspace, '-n', '3')).map(({ id }) => id)).toEqual([
      name!.replace('.jsonl', ''),
      '20200101-000023-000-000000',
      '20200101-000022-000-000000',
    ])
    expect(await history(workspace, '--all')).toHaveLength(15)
    expect((await workspace.lbuild('history')).stdout).toMatch(/\n… and older ones: -n N, or --all\n$/)
    expect((await workspace.lbuild('history', '-n', '15')).stdout).not.toContain('older ones')
  })

  it('with targets shows builds that requested or changed them', async () => {
    const workspace = built()
    workspace.write('src/hello', 'HELLO\n')
    await workspace.build('image')
    workspace.write('note.txt', 'another note\n')
    await workspace.build('other')
    const targets = async (...names: readonly string[]): Promise<unknown> =>
      (await history(workspace, ...names)).map((build) => build.targets)
    expect(await targets('other')).toEqual([['other'], TINY_TARGETS])
    expect(await targets('packed')).toEqual([['image'], TINY_TARGETS])
    expect(await targets('report')).toEqual([TINY_TARGETS])
    expect(await targets('other', 'packed')).toEqual([['other'], ['image'], TINY_TARGETS])
    const { code, stderr } = await workspace.lbuild('history', 'imgae')
    expect(stderr).toContain(`no build in the log involved 'imgae'`)
    expect(stderr).toContain(`did you mean 'image'?`)
    expect(code).toBe(2)
  })

  it('fits into 80 columns, and uses colors only if they are wanted', async () => {
    const workspace = built()
    workspace.env['FORCE_COLOR'] = ''
    const args = Array.from({ length: 5 }, (_, at) => ['--set', `title=${'word '.repeat(at + 2)}`]).flat()
    await workspace.build(...TINY_TARGETS, '--force', '--keep-going', ...args)
    const list = (await workspace.lbuild('history')).stdout
    const one = (await workspace.lbuild('history', '--build', 'last')).stdout
    expect(list).toMatch(
      /^\d{8}-\d{6}-\d{3}-[0-9a-f]{6}\n {2}lbuild image report other --set 'title=word word [^]*--force\s+--keep-going\n {2}[^:]+: done in [\d.]+ s, saved [\d.]+ s\n {2}built image, report, other; 2 fresh\n/m,
    )
    expect(one).toMatch(/^fresh +packed +saved [\d.]+ s$/m)
    expect(one).toMatch(/^critical path, [\d.]+ s of [\d.]+ s: (image|report|other) [\d.]+ s$/m)
    for (const line of `${list}${one}`.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(`${list}${one}`).not.toContain('\u001b')
    workspace.env['FORCE_COLOR'] = '1'
    expect((await workspace.lbuild('history')).stdout).toContain('\u001b[32m')
  })

  it('removes control characters from texts of the log', async () => {
    const workspace = built()
    workspace.edit(
      'artifacts/packed.ts',
      `await run('tar'`,
      `throw new Error('\\u0007gone\\u001b[2J\\u009b1A'); await run('tar'`,
    )
    expect((await workspace.lbuild('packed')).code).toBe(1)
    const { stdout } = await workspace.lbuild('history', '--build', 'last')
    expect(stdout).toContain('gone')
    // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  it('reports a log that cannot be read, and shows the others', async () => {
    const workspace = built()
    const [name] = fs.readdirSync(workspace.path('cache/log'))
    const log = workspace.read(`cache/log/${name}`)
    workspace.write('cache/log/20200101-000001-000-000000.jsonl', log.replaceAll('"v":', '"v":9'))
    workspace.write('cache/log/20200101-000002-000-000000.jsonl', log.slice(0, -10))
    const [whole, cut, unreadable] = await history(workspace)
    expect(whole).toMatchObject({ end: 'done', incomplete: false })
    expect(cut).toMatchObject({ end: 'unfinished', incomplete: true, built: whole!.built })
    expect(unreadable).toMatchObject({ ...EMPTY, end: 'unfinished', incomplete: true, targets: [] })
    const { stdout } = await workspace.lbuild('history')
    expect(stdout).toMatch(/; its log is\s+incomplete$/m)
    expect(stdout).toContain('its log cannot be read')
  })

  it('finds one build by the beginning of its id, and rejects ambiguous and unknown ids', async () => {
    const workspace = built()
    workspace.write('note.txt', 'another note\n')
    await workspace.build('other')
    const [last, first] = await history(workspace)
    expect((await detail(workspace, first!.id)).targets).toEqual(TINY_TARGETS)
    expect((await detail(workspace, last!.id.slice(0, -3))).targets).toEqual(['other'])
    expect((await detail(workspace, last!.id.slice(-6))).id).toBe(last!.id)
    expect((await detail(workspace, first!.id.slice(-6, -1))).id).toBe(first!.id)
    for (const [args, message] of [
      [['--build', '20'], `2 builds match '20'`],
      [['--build', '1999'], `unknown build '1999'`],
      [['--build', 'last', 'image'], '--build cannot be combined with targets'],
      [['--trace', 'trace.json'], '--trace needs --build'],
      [['-n', '0'], 'a whole number of at least 1'],
      [['--unheard-of'], 'unknown option'],
    ] as const) {
      const { code, stdout, stderr } = await workspace.lbuild('history', ...args)
      expect(stderr).toContain(message)
      expect([code, stdout]).toEqual([2, ''])
    }
  })

  it('says so if nothing was built yet', async () => {
    const workspace = new TestWorkspace(TINY)
    expect(await history(workspace)).toEqual([])
    expect((await workspace.lbuild('history')).stdout).toBe('no build is in the log\n')
    const { code, stderr } = await workspace.lbuild('history', '--build', 'last')
    expect(stderr).toContain('no build is in the log')
    expect(code).toBe(2)
  })
})

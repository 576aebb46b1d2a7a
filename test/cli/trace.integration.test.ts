// A trace shows when each part of a build ran, what ran in parallel, and what the build had to wait for.
import fc from 'fast-check'
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Trace, TraceEvent } from '../../src/cli/trace/trace.ts'
import { traceOf } from '../../src/cli/trace/trace.ts'
import { criticalPathOf } from '../../src/events/criticalPath.ts'
import type { BuildEvent } from '../../src/events/events.ts'
import type { LoggedBuild } from '../../src/events/loggedBuild.ts'
import { buildFromLog } from '../../src/events/buildFromLog.ts'
import type { LogLine } from '../../src/events/logFormat.ts'
import { EVENTS, linesOf } from '../support/logged.ts'
import { builtTiny, meetInOther, TINY, TINY_TARGETS } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

type Bar = Extract<TraceEvent, { ph: 'X' }>

const barsOf = ({ traceEvents }: Trace): readonly Bar[] => traceEvents.filter((event) => event.ph === 'X')

/** The bars of each lane by the lane's name, phases left out. */
function lanesOf(trace: Trace): ReadonlyMap<string, readonly Bar[]> {
  const named = trace.traceEvents.flatMap((event) =>
    event.ph === 'M' && event.name === 'thread_name' && 'name' in event.args
      ? [[event.args.name, event.tid] as const]
      : [],
  )
  const bars = barsOf(trace).filter(({ cat }) => cat !== 'phase')
  return new Map(named.map(([name, tid]) => [name, bars.filter((bar) => bar.tid === tid)]))
}

const sum = (bars: readonly Bar[]): number => bars.reduce((all, { dur }) => all + dur, 0)

/** A build of a graph by as many workers as there are jobs, each artifact for so many milliseconds. */
function simulate(graph: readonly { below: readonly number[]; ms: number }[], jobs: number): LoggedBuild {
  const nodes = graph.map(({ below }, at) => ({
    name: `a${at}`,
    dependencies: [...new Set(below.filter((other) => other < at))].map((other) => `a${other}`),
    lockfiles: [],
  }))
  const lines: LogLine[] = [{ at: 0, t: 0, event: { ...EVENTS.started, artifacts: nodes } }]
  const ended = new Map<string, number>()
  const busy: { name: string; until: number }[] = []
  const say = (t: number, event: BuildEvent): void => void lines.push({ at: 0, t, event })
  const waiting = new Set(nodes.map(({ name }) => name))
  for (let now = 0; ended.size < nodes.length;) {
    for (const { name, dependencies } of nodes) {
      const isReady = waiting.has(name) && dependencies.every((other) => ended.has(other))
      if (!isReady || busy.length >= jobs) continue
      waiting.delete(name)
      busy.push({ name, until: now + graph[Number(name.slice(1))]!.ms })
      say(now, { ...EVENTS.running, artifact: name })
      say(now, { ...EVENTS.phase, artifact: name })
    }
    now = Math.min(...busy.map(({ until }) => until))
    const at = busy.findIndex(({ until }) => until === now)
    const { name } = busy.splice(at, 1)[0]!
    ended.set(name, now)
    say(now, { ...EVENTS.built, artifact: name })
  }
  return buildFromLog('20260131-101502-123-4f2a9c', { lines, complete: true })
}

const anyBuild = fc
  .tuple(
    fc.array(
      fc.record({ below: fc.array(fc.nat(9), { maxLength: 3 }), ms: fc.integer({ min: 1, max: 20 }) }),
      {
        minLength: 1,
        maxLength: 10,
      },
    ),
    fc.integer({ min: 1, max: 4 }),
  )
  .map(([graph, jobs]) => ({ graph, jobs, build: simulate(graph, jobs) }))

/** The longest chain that ends with an artifact, by the times that the graph gives, in milliseconds. */
function longest(graph: readonly { below: readonly number[]; ms: number }[], at: number): number {
  const below = graph[at]!.below.filter((other) => other < at).map((other) => longest(graph, other))
  return graph[at]!.ms + Math.max(0, ...below)
}

describe('a trace of any build', () => {
  it('shows every run once, without overlaps in a lane, on no more lanes than jobs', () => {
    fc.assert(
      fc.property(anyBuild, ({ graph, jobs, build }) => {
        const slots = [...lanesOf(traceOf(build))].filter(([name]) => name.startsWith('slot'))
        expect(slots.length).toBeLessThanOrEqual(jobs)
        const names = slots.flatMap(([, bars]) => bars.map(({ name }) => name))
        expect(names.toSorted()).toEqual(graph.map((_, at) => `a${at}`).toSorted())
        for (const [, bars] of slots)
          for (const [at, { ts }] of bars.entries())
            if (at > 0) expect(ts).toBeGreaterThanOrEqual(bars[at - 1]!.ts + bars[at - 1]!.dur)
      }),
    )
  })

  it('marks as critical path the longest chain of successive spans, no longer than the build', () => {
    fc.assert(
      fc.property(anyBuild, ({ graph, build }) => {
        const trace = traceOf(build)
        const path = lanesOf(trace).get('critical path')!
        const wanted = Math.max(...graph.map((_, at) => longest(graph, at)))
        expect(sum(path)).toBe(wanted * 1000)
        expect(sum(path)).toBeLessThanOrEqual(build.seconds * 1e6)
        for (const [at, { ts }] of path.entries())
          if (at > 0) expect(ts).toBeGreaterThanOrEqual(path[at - 1]!.ts + path[at - 1]!.dur)
        const marked = barsOf(trace).filter(({ args }) => args['critical'] === true)
        expect(marked.map(({ name }) => name).toSorted()).toEqual(path.map(({ name }) => name).toSorted())
        expect(trace.otherData['criticalPath']).toEqual(path.map(({ name }) => name))
      }),
    )
  })
})

describe('a trace', () => {
  const of = (...events: readonly BuildEvent[]): Trace =>
    traceOf(buildFromLog('id', { lines: linesOf(...events), complete: true }))

  it('shows the phases within a run, and the reasons in words', () => {
    const { started, running, phase, built } = EVENTS
    const keep: BuildEvent = { ...phase, phase: 'store' }
    const [path, run, ...phases] = barsOf(of(started, running, phase, keep, built))
    expect(path).toMatchObject({ cat: 'critical path', name: 'packed' })
    expect(run).toMatchObject({ name: 'packed', cat: 'run', ts: 1_500_000, dur: 1_500_000, pid: 1 })
    expect(run!.args).toMatchObject({ outcome: 'built', key: built.key, changed: true, critical: true })
    expect(run!.args['reasons']).toContain('first build')
    expect(run!.args['reasons']).toContain('code: artifacts/packed.ts changed')
    expect(phases.map(({ name, ts, dur, tid }) => [name, ts, dur, tid === run!.tid])).toEqual([
      ['inputs', 1_500_000, 500_000, true],
      ['produce', 2_000_000, 500_000, true],
      ['store', 2_500_000, 500_000, true],
    ])
  })

  it('shows lockfiles and restored artifacts on lanes of their own, and counts the wait for a lockfile', () => {
    const { started, resolving, resolved, fetching, fetched, running, built, restoring, restored } = EVENTS
    const trace = of(started, resolving, resolved, fetching, fetched, running, built, restoring, restored)
    const lanes = lanesOf(trace)
    expect([...lanes].map(([lane, bars]) => [lane, bars.map(({ name }) => name)])).toEqual([
      ['critical path', ['packages', 'packages', 'packed']],
      ['slot 1', ['packed']],
      ['restored', ['names']],
      ['lockfiles', ['resolve packages', 'fetch packages']],
    ])
    expect(sum(lanes.get('critical path')!)).toBe(1_500_000)
  })

  it('shows a cancelled run and its retry as two', () => {
    const { running, retrying, built } = EVENTS
    const runs = lanesOf(of(running, retrying, running, built)).get('slot 1')!
    expect(runs.map(({ args }) => args['outcome'])).toEqual([
      'cancelled and run again, because its inputs changed',
      'built',
    ])
  })
})

const readTrace = (workspace: TestWorkspace, path: string): Trace => JSON.parse(workspace.read(path)) as Trace

describe('lbuild --trace FILE', () => {
  const built = builtTiny()

  it('writes the trace of the build, as history --trace does later', async () => {
    const workspace = new TestWorkspace(TINY)
    const { code, report } = await workspace.build(...TINY_TARGETS, '--trace', 'trace.json', '--jobs', '2')
    expect(code).toBe(0)
    const trace = readTrace(workspace, 'trace.json')
    const lanes = lanesOf(trace)
    expect([...lanes.keys()]).toEqual(['critical path', 'slot 1', 'slot 2'])
    const ran = [...lanes].filter(([name]) => name.startsWith('slot')).flatMap(([, bars]) => bars)
    expect(ran.map(({ name }) => name).toSorted()).toEqual(['image', 'names', 'other', 'packed', 'roster'])
    for (const { ts, dur } of barsOf(trace)) {
      expect([Number.isSafeInteger(ts), Number.isSafeInteger(dur)]).toEqual([true, true])
      expect(ts + dur).toBeLessThanOrEqual((report.seconds + 1) * 1e6)
    }
    expect(trace.otherData).toMatchObject({ build: report.build, end: 'done' })
    await workspace.lbuild('history', '--build', 'last', '--trace', 'again.json')
    expect(workspace.read('again.json')).toBe(workspace.read('trace.json'))
    const { stdout } = await workspace.lbuild('history', '--build', report.build.slice(0, -1), '--json')
    const { build } = JSON.parse(stdout) as { build: { criticalPath: readonly { name: string }[] } }
    expect(build.criticalPath.map(({ name }) => name)).toEqual(trace.otherData['criticalPath'])
  })

  it('writes the trace of a failed or interrupted build', async () => {
    const workspace = built()
    workspace.edit('artifacts/packed.ts', '--sort=name', '--sort=nobody-knows')
    expect((await workspace.lbuild('image', '--trace', 'failed.json')).code).toBe(1)
    expect(lanesOf(readTrace(workspace, 'failed.json')).get('slot 1')).toMatchObject([
      { name: 'packed', args: { outcome: 'failed', failure: 'tar failed' } },
    ])
    const meeting = meetInOther(workspace)
    const build = workspace.start('other', '--trace', 'interrupted.json')
    await meeting.arrived(build)
    build.child.kill('SIGINT')
    expect((await build.ended).code).toBe(130)
    const trace = readTrace(workspace, 'interrupted.json')
    expect(trace.otherData).toMatchObject({ end: 'interrupted' })
    expect(lanesOf(trace).get('slot 1')).toMatchObject([{ name: 'other', args: { outcome: 'unfinished' } }])
  })

  it('writes an empty trace if there was nothing to do, never that of another build', async () => {
    const workspace = built()
    workspace.write('trace.json', 'of another build')
    expect((await workspace.build('image', '--trace', 'trace.json')).ran).toEqual([])
    expect(readTrace(workspace, 'trace.json').traceEvents).toEqual([])
  })

  it('fails before anything runs if the file cannot be written or nothing would run', async () => {
    const workspace = built()
    workspace.write('note.txt', 'another note\n')
    fs.symlinkSync('/dev/null', workspace.path('link'))
    for (const [path, message] of [
      ['nowhere/trace.json', 'no such directory'],
      ['src', 'the path is a directory, not a file'],
      ['link', 'the path is a symlink, not a file'],
      ['/dev/null', 'the path is a special file, not a file'],
    ] as const) {
      const { code, stderr } = await workspace.lbuild('other', '--trace', path)
      expect(stderr).toContain(message)
      expect(code).toBe(2)
    }
    for (const option of ['--dry-run', '--check']) {
      const { code, stderr } = await workspace.lbuild('other', option, '--trace', 'trace.json')
      expect(stderr).toContain('cannot be used with option')
      expect(code).toBe(2)
    }
    expect((await workspace.verdicts('other'))['other']).toBe('stale')
    expect(workspace.exists('trace.json')).toBe(false)
  })
})

it('the critical path of a build without spans is empty', () => {
  expect(criticalPathOf(buildFromLog('id', { lines: linesOf(EVENTS.started), complete: true }))).toEqual([])
})

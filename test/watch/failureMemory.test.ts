import { expect, it } from 'vitest'
import { isStillRight } from '../../src/executor/runs.ts'
import type { ArtifactReport, BuildReport } from '../../src/executor/report.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { Teller } from '../../src/watch/eventReporter.ts'
import { Memory } from '../../src/watch/failureMemory.ts'
import type { Part, Plan, Planned, Reason } from '../../src/planner/types.ts'

// What is worth building: what would not end as it did before. What of a run is still right when inputs change. And that
// nothing is told twice that has not changed.

type Verdict = Planned['decision']['verdict']

/** An artifact in a plan; `of` is what it is made of, and makes its key. */
function planned(
  name: string,
  verdict: Verdict,
  of: string | undefined,
  more: Partial<Planned> = {},
): Planned {
  const parts: readonly Part[] = [{ kind: 'param', name: 'of', value: of ?? 'unknown' }]
  const decision = { verdict, reasons: [] as readonly Reason[] }
  const key = of === undefined ? undefined : `key of ${of}`
  return { node: { name }, decision, key, parts, latest: undefined, ...more } as unknown as Planned
}

const report = (...artifacts: readonly Partial<ArtifactReport>[]): BuildReport =>
  ({ artifacts }) as unknown as BuildReport
const failed = (name: string, of: string): Partial<ArtifactReport> => ({
  name,
  outcome: 'failed',
  key: `key of ${of}`,
  failure: { headline: of, facts: [] },
})

/** A memory in which a plan was built and ended with a report. */
function memoryOf(plan: Plan, ...artifacts: readonly Partial<ArtifactReport>[]): Memory {
  const memory = new Memory()
  memory.trying(plan)
  memory.note(report(...artifacts))
  return memory
}

it('what is stale or restorable is worth building; what is fresh or waits for others is not', () => {
  const worth = (...plan: Plan): boolean => new Memory().isWorthBuilding(plan)
  expect(worth(planned('a', 'stale', 'x'))).toBe(true)
  expect(worth(planned('a', 'restorable', 'x'))).toBe(true)
  expect(worth(planned('a', 'fresh', 'x'), planned('b', 'undecided', undefined))).toBe(false)
  const lock: Reason = { kind: 'lockfile', lockfile: 'l', state: 'missing', path: 'l.lock', changes: [] }
  const waits = { decision: { verdict: 'stale', reasons: [lock] } } as unknown as Partial<Planned>
  expect(worth(planned('a', 'stale', undefined, waits))).toBe(true)
  expect(worth(planned('a', 'stale', undefined))).toBe(false)
})

it('what failed is built again when it is another, not because something else happened', () => {
  const memory = memoryOf([planned('a', 'stale', 'bad')], failed('a', 'bad'))
  memory.changed()
  expect(memory.isWorthBuilding([planned('a', 'stale', 'bad'), planned('b', 'fresh', 'x')])).toBe(false)
  expect(memory.isWorthBuilding([planned('a', 'stale', 'bad'), planned('b', 'stale', 'x')])).toBe(true)
  expect(memory.isWorthBuilding([planned('a', 'stale', 'good')])).toBe(true)
  memory.note(report({ name: 'a', outcome: 'built' }))
  expect(memory.isWorthBuilding([planned('a', 'stale', 'bad')])).toBe(true)
})

it('what could not be restored is tried again when something happens, and not before', () => {
  const plan = [planned('a', 'restorable', 'x')]
  const memory = memoryOf(plan, failed('a', 'x'))
  expect(memory.isWorthBuilding(plan)).toBe(false)
  memory.changed()
  expect(memory.isWorthBuilding(plan)).toBe(true)
})

it('a build that ended with an error is not begun again while the plan is the same, unless it is asked for', () => {
  const plan = [planned('a', 'stale', 'x')]
  const memory = new Memory()
  memory.trying(plan)
  memory.changed()
  expect(memory.isWorthBuilding(plan)).toBe(false)
  expect(memory.isWorthBuilding([planned('a', 'stale', 'y')])).toBe(true)
  memory.forgetTried()
  expect(memory.isWorthBuilding(plan)).toBe(true)
  memory.trying(plan)
  memory.forget()
  expect(memory.isWorthBuilding(plan)).toBe(true)
})

it('names what is failing: not what is fresh again, nor what is another', () => {
  const memory = memoryOf([planned('a', 'stale', 'bad')], failed('a', 'bad'), {
    name: 'b',
    outcome: 'skipped',
  })
  expect(memory.failing([planned('a', 'stale', 'bad'), planned('b', 'undecided', undefined)])).toEqual(['a'])
  expect(memory.failing([planned('a', 'undecided', undefined)])).toEqual(['a'])
  expect(memory.failing([planned('a', 'stale', 'good')])).toEqual([])
  // Another build of the same made it after all.
  expect(memory.failing([planned('a', 'fresh', 'bad')])).toEqual([])
  memory.forget()
  expect(memory.failing([planned('a', 'stale', 'bad')])).toEqual([])
})

it('a run is still right with its key; while that is not known, with its own parts', () => {
  const run = planned('a', 'stale', 'x')
  expect(isStillRight(run, planned('a', 'stale', 'x'))).toBe(true)
  expect(isStillRight(run, planned('a', 'stale', 'y'))).toBe(false)
  expect(isStillRight(run, planned('a', 'fresh', 'x'))).toBe(false)
  expect(isStillRight(run, planned('a', 'restorable', 'x'))).toBe(false)
  const waits = (of: string): Planned => planned('a', 'undecided', of, { key: undefined })
  expect(isStillRight(run, waits('x'))).toBe(true)
  expect(isStillRight(run, waits('y'))).toBe(false)
})

it('that there is nothing to do is told again when something happened, and when it is another nothing', () => {
  const told: WatchEvent[] = []
  const teller = new Teller((event) => told.push(event))
  const burst = { since: 0, paths: ['/w/a', '/elsewhere'], more: 3, entries: false }
  const plan = [planned('a', 'fresh', 'x')]
  const times = (act: () => void): number => {
    const before = told.length
    act()
    return told.length - before
  }
  expect(times(() => teller.idle(plan, [], false, undefined))).toBe(1)
  expect(times(() => teller.idle(plan, [], false, undefined))).toBe(0)
  expect(times(() => teller.idle(plan, [], false, { ...burst, paths: [] }))).toBe(0)
  expect(times(() => teller.idle(plan, [], false, burst))).toBe(1)
  expect(times(() => teller.idle(plan, [], true, undefined))).toBe(1)
  teller.building(plan)
  expect(times(() => teller.idle(plan, [], true, undefined))).toBe(1)
  teller.forget()
  expect(times(() => teller.idle(plan, [], true, undefined))).toBe(1)
  expect(times(() => teller.changed(undefined, '/w'))).toBe(0)
  teller.changed(burst, '/w')
  expect(told.at(-1)).toEqual({ type: 'changed', paths: ['a', '/elsewhere'], more: 3 })
})

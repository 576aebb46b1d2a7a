// Tests what watch considers worth building after failures.
import { sha256 } from '../../src/platform/digest.ts'
import { expect, it } from 'vitest'
import { isStillRight } from '../../src/executor/runs.ts'
import type { ArtifactReport, BuildReport } from '../../src/executor/report.ts'
import { FailureMemory } from '../../src/watch/failureMemory.ts'
import type { Part, Plan, Planned, Reason } from '../../src/planner/types.ts'

type Verdict = Planned['decision']['verdict']

/** An artifact in a plan; its key depends on `of`. */
function planned(
  name: string,
  verdict: Verdict,
  of: string | undefined,
  more: Partial<Planned> = {},
): Planned {
  const parts: readonly Part[] = [{ kind: 'param', name: 'of', value: of ?? 'unknown' }]
  const decision = { verdict, reasons: [] as readonly Reason[] }
  const key = of === undefined ? undefined : sha256(`key of ${of}`)
  return { node: { name }, decision, key, parts, latest: undefined, ...more } as unknown as Planned
}

const report = (...artifacts: readonly Partial<ArtifactReport>[]): BuildReport =>
  ({ artifacts }) as unknown as BuildReport
const failed = (name: string, of: string): Partial<ArtifactReport> => ({
  name,
  outcome: 'failed',
  key: sha256(`key of ${of}`),
  failure: { headline: of, facts: [] },
})

/** A memory of one build that finished with a report. */
function memoryOf(plan: Plan, ...artifacts: readonly Partial<ArtifactReport>[]): FailureMemory {
  const memory = new FailureMemory()
  memory.begin(plan)
  memory.finish(report(...artifacts))
  return memory
}

it('finds stale and restorable artifacts worth building, but not fresh and waiting ones', () => {
  const worth = (...plan: Plan): boolean => new FailureMemory().isWorthBuilding(plan)
  expect(worth(planned('a', 'stale', 'x'))).toBe(true)
  expect(worth(planned('a', 'restorable', 'x'))).toBe(true)
  expect(worth(planned('a', 'fresh', 'x'), planned('b', 'undecided', undefined))).toBe(false)
  const lock: Reason = { kind: 'lockfile', lockfile: 'l', state: 'missing', path: 'l.lock', changes: [] }
  const waits = { decision: { verdict: 'stale', reasons: [lock] } } as unknown as Partial<Planned>
  expect(worth(planned('a', 'stale', undefined, waits))).toBe(true)
  expect(worth(planned('a', 'stale', undefined))).toBe(false)
})

it('retries a failed artifact when it changes, not when something else does', () => {
  const memory = memoryOf([planned('a', 'stale', 'bad')], failed('a', 'bad'))
  memory.noteChange()
  expect(memory.isWorthBuilding([planned('a', 'stale', 'bad'), planned('b', 'fresh', 'x')])).toBe(false)
  expect(memory.isWorthBuilding([planned('a', 'stale', 'bad'), planned('b', 'stale', 'x')])).toBe(true)
  expect(memory.isWorthBuilding([planned('a', 'stale', 'good')])).toBe(true)
  memory.finish(report({ name: 'a', outcome: 'built' }))
  expect(memory.isWorthBuilding([planned('a', 'stale', 'bad')])).toBe(true)
})

it('retries to restore an output after any change, and not before', () => {
  const plan = [planned('a', 'restorable', 'x')]
  const memory = memoryOf(plan, failed('a', 'x'))
  expect(memory.isWorthBuilding(plan)).toBe(false)
  memory.noteChange()
  expect(memory.isWorthBuilding(plan)).toBe(true)
})

it('does not repeat a build that ended with an error while the plan is the same, except on request', () => {
  const plan = [planned('a', 'stale', 'x')]
  const memory = new FailureMemory()
  memory.begin(plan)
  memory.noteChange()
  expect(memory.isWorthBuilding(plan)).toBe(false)
  expect(memory.isWorthBuilding([planned('a', 'stale', 'y')])).toBe(true)
  memory.forgetAttempt()
  expect(memory.isWorthBuilding(plan)).toBe(true)
  memory.begin(plan)
  memory.forget()
  expect(memory.isWorthBuilding(plan)).toBe(true)
})

it('names the failing artifacts, but none that is fresh again or has changed', () => {
  const memory = memoryOf([planned('a', 'stale', 'bad')], failed('a', 'bad'), {
    name: 'b',
    outcome: 'skipped',
  })
  expect(memory.failing([planned('a', 'stale', 'bad'), planned('b', 'undecided', undefined)])).toEqual(['a'])
  expect(memory.failing([planned('a', 'undecided', undefined)])).toEqual(['a'])
  expect(memory.failing([planned('a', 'stale', 'good')])).toEqual([])
  // Another build has built it successfully.
  expect(memory.failing([planned('a', 'fresh', 'bad')])).toEqual([])
  memory.forget()
  expect(memory.failing([planned('a', 'stale', 'bad')])).toEqual([])
})

it('a run stays right while its key is the same, or while its own parts are and its key is unknown', () => {
  const run = planned('a', 'stale', 'x')
  expect(isStillRight(run, planned('a', 'stale', 'x'))).toBe(true)
  expect(isStillRight(run, planned('a', 'stale', 'y'))).toBe(false)
  expect(isStillRight(run, planned('a', 'fresh', 'x'))).toBe(false)
  expect(isStillRight(run, planned('a', 'restorable', 'x'))).toBe(false)
  const waits = (of: string): Planned => planned('a', 'undecided', of, { key: undefined })
  expect(isStillRight(run, waits('x'))).toBe(true)
  expect(isStillRight(run, waits('y'))).toBe(false)
})

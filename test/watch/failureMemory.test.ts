// Tests what watch considers worth building after failures.
import { expect, it } from 'vitest'
import { isStillRight } from '../../src/executor/runningProducer.ts'
import { FailureMemory } from '../../src/watch/failureMemory.ts'
import { type Digest, sha256 } from '../../src/platform/digest.ts'
import type { Part, Plan, Planned, Reason, RunRecord } from '../../src/planner/domain.ts'
import { artifactNode } from '../support/world.ts'

const record = (artifact: string, key: Digest): RunRecord => ({
  artifact,
  key,
  parts: [],
  outputs: {},
  modules: {},
  lockfileRequests: {},
  toolVersions: {},
  build: '',
  startedAt: '2026-01-01T00:00:00Z',
  seconds: 1,
  sandboxed: true,
})

/** An artifact in a plan; its key depends on `of`, and is unknown without it. */
function planned(
  name: string,
  verdict: Planned['decision']['verdict'],
  of: string | undefined,
  reasons: readonly Reason[] = [],
): Planned {
  const key = of === undefined ? undefined : sha256(`key of ${of}`)
  const found = record(name, key ?? sha256(''))
  const decision: Planned['decision'] =
    verdict === 'fresh'
      ? { verdict, record: found }
      : verdict === 'restorable'
        ? { verdict, record: found, reasons }
        : { verdict, reasons }
  const parts: readonly Part[] = [{ kind: 'param', name: 'of', value: of ?? 'unknown' }]
  return { node: artifactNode(name), decision, key, parts, latest: undefined }
}

type Finished = Parameters<FailureMemory['finish']>[0][number]

const failed = (name: string, of: string): Finished => ({
  name,
  outcome: 'failed',
  key: sha256(`key of ${of}`),
  failure: { headline: of, facts: [] },
})

/** A memory of one build that finished with a report. */
function memoryOf(plan: Plan, ...artifacts: readonly Finished[]): FailureMemory {
  const memory = new FailureMemory()
  memory.begin(plan)
  memory.finish(artifacts)
  return memory
}

it('finds stale and restorable artifacts worth building, but not fresh and waiting ones', () => {
  const worth = (...plan: Plan): boolean => new FailureMemory().isWorthBuilding(plan)
  expect(worth(planned('a', 'stale', 'x'))).toBe(true)
  expect(worth(planned('a', 'restorable', 'x'))).toBe(true)
  expect(worth(planned('a', 'fresh', 'x'), planned('b', 'undecided', undefined))).toBe(false)
  const lock: Reason = { kind: 'lockfile', lockfile: 'l', state: 'missing', path: 'l.lock', changes: [] }
  expect(worth(planned('a', 'stale', undefined, [lock]))).toBe(true)
  expect(worth(planned('a', 'stale', undefined))).toBe(false)
})

it('retries a failed artifact when it changes, not when something else does', () => {
  const memory = memoryOf([planned('a', 'stale', 'bad')], failed('a', 'bad'))
  memory.noteChange()
  expect(memory.isWorthBuilding([planned('a', 'stale', 'bad'), planned('b', 'fresh', 'x')])).toBe(false)
  expect(memory.isWorthBuilding([planned('a', 'stale', 'bad'), planned('b', 'stale', 'x')])).toBe(true)
  expect(memory.isWorthBuilding([planned('a', 'stale', 'good')])).toBe(true)
  memory.finish([{ name: 'a', outcome: 'built' }])
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
  const waits = (of: string): Planned => ({ ...planned('a', 'undecided', of), key: undefined })
  expect(isStillRight(run, waits('x'))).toBe(true)
  expect(isStillRight(run, waits('y'))).toBe(false)
})

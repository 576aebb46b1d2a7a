// Emits the events of watch. Does not repeat an event while its content stays the same.
import type { BuildReport } from '../executor/report.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { failureData } from '../platform/failureData.ts'
import type { Failure } from '../platform/failure.ts'
import type { Plan } from '../planner/domain.ts'
import { isFresh } from '../planner/plan.ts'
import type { Burst } from './debounce.ts'
import { pathsOf } from './debounce.ts'
import type { WatchEvent, WatchListener } from './events.ts'

/** What can fail besides an artifact. */
export type FailureScope = 'config' | 'inputs' | 'build'

/** What watch waits for, for the `idle` event. */
export interface IdleReport {
  readonly plan: Plan
  /** The artifacts that failed and that watch does not run again until one of their inputs changes. */
  readonly failed: readonly string[]
  readonly configFailed: boolean
  /** Whether a file change led to this state. If so, the reporter emits the event even if it equals the last one. */
  readonly changed: boolean
}

/** Emits the events of watch. Remembers the last ones, so that it leaves out repetitions. */
export class EventReporter {
  readonly #listener: WatchListener
  /** The last report of each failure that is not resolved. */
  readonly #failures = new Map<FailureScope, string>()
  #idle = ''

  constructor(listener: WatchListener) {
    this.#listener = listener
  }

  /** Reports everything again from now on. */
  forget(): void {
    this.#failures.clear()
    this.#idle = ''
  }

  /** Reports changed paths, relative to the workspace's root. */
  changed(burst: Burst | undefined, root: string): void {
    const { paths, more } = pathsOf(burst)
    if (paths.length === 0) return
    const relative = paths.map((path) => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path))
    this.#listener({ type: 'changed', paths: relative, more })
  }

  failed(scope: FailureScope, error: Failure): void {
    const failure = failureData(error)
    const text = JSON.stringify(failure)
    if (this.#failures.get(scope) === text) return
    this.#failures.set(scope, text)
    this.#listener({ type: 'failed', scope, failure })
  }

  /** Forgets a resolved failure, so that the same failure is reported when it occurs again. */
  resolved(scope: FailureScope): void {
    this.#failures.delete(scope)
  }

  building(plan: Plan): void {
    this.#idle = ''
    const artifacts = plan.flatMap(({ node, decision }) =>
      decision.verdict === 'fresh'
        ? []
        : [{ artifact: node.name, verdict: decision.verdict, reasons: decision.reasons }],
    )
    this.#listener({ type: 'building', artifacts })
  }

  idle({ plan, failed, configFailed, changed }: IdleReport): void {
    const fresh = plan.length > 0 && plan.every(isFresh)
    const text = JSON.stringify([fresh, failed, configFailed])
    if (text === this.#idle && !changed) return
    this.#idle = text
    const artifacts = plan.map(({ node, decision, latest }) => ({
      artifact: node.name,
      verdict: decision.verdict,
      ...(latest ? { seconds: latest.seconds } : {}),
    }))
    this.#listener({ type: 'idle', fresh, failed, configFailed, artifacts })
  }
}

/** The event for the end of a build; `report` is undefined if it threw, `startedAt` is in {@link monotonicSeconds}. */
export function builtEvent(
  report: BuildReport | undefined,
  cancelled: boolean,
  startedAt: number,
  cause: Burst | undefined,
): Extract<WatchEvent, { type: 'built' }> {
  const named = (outcome: string): readonly string[] =>
    report?.artifacts.flatMap((one) => (one.outcome === outcome ? [one.name] : [])) ?? []
  const now = monotonicSeconds()
  return {
    type: 'built',
    outcome: cancelled ? 'cancelled' : report?.exitCode === 0 ? 'done' : 'failed',
    ran: named('built'),
    restored: named('restored'),
    failed: named('failed'),
    seconds: now - startedAt,
    ...(cause ? { secondsSinceChange: now - cause.since } : {}),
  }
}

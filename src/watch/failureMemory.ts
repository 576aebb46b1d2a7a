// Remembers which builds and artifacts failed, so that watch does not repeat them unchanged.
import type { KnownFailure } from '../executor/options.ts'
import type { ArtifactReport } from '../executor/report.ts'
import type { Digest } from '../platform/digest.ts'
import type { Plan, Planned } from '../planner/domain.ts'

/** The last build. */
interface Attempt {
  /** Its plan, as text. */
  readonly plan: string
  /** Whether it finished with a report; if not, with an error. */
  readonly reported: boolean
}

/** Remembers which plans and producers failed, so that watch does not build them again until something changes. */
export class FailureMemory {
  readonly #failures = new Map<string, KnownFailure>()
  #attempt: Attempt | undefined

  /**
   * Returns the failures that the build must not repeat. Leaves out restorable artifacts, because restoring an output can
   * succeed at the next attempt.
   */
  knownFailures(plan: Plan): ReadonlyMap<string, KnownFailure> {
    const copy = new Map(this.#failures)
    for (const { node, decision } of plan) if (decision.verdict === 'restorable') copy.delete(node.name)
    return copy
  }

  /** Whether a plan contains work that could end differently from the last time. */
  isWorthBuilding(plan: Plan): boolean {
    return plan.some((one) => this.#isWorthRunning(one)) && textOf(plan) !== this.#attempt?.plan
  }

  /** Call this when a build begins. The same plan is not built again until the attempt is forgotten. */
  begin(plan: Plan): void {
    this.#attempt = { plan: textOf(plan), reported: false }
  }

  /** A build has finished with a report. */
  finish(artifacts: readonly Pick<ArtifactReport, 'name' | 'outcome' | 'key' | 'failure'>[]): void {
    if (this.#attempt) this.#attempt = { ...this.#attempt, reported: true }
    for (const { name, outcome, key, failure } of artifacts)
      if (outcome === 'failed' && key !== undefined && failure) this.#failures.set(name, { key, failure })
      else if (outcome !== 'skipped') this.#failures.delete(name)
  }

  /** The artifacts of a plan that failed and would fail again. */
  failing(plan: Plan): readonly string[] {
    return plan
      .filter(({ node, key, decision }) => {
        const known = this.#failures.get(node.name)
        return known && decision.verdict !== 'fresh' && isSameKey(known, key)
      })
      .map(({ node }) => node.name)
  }

  /**
   * Call this when a file changed. Watch may then build the same plan again, unless the last attempt ended with an error
   * instead of a report.
   */
  noteChange(): void {
    if (this.#attempt?.reported) this.#attempt = undefined
  }

  /** The same plan may be built again. */
  forgetAttempt(): void {
    this.#attempt = undefined
  }

  forget(): void {
    this.#failures.clear()
    this.#attempt = undefined
  }

  #isWorthRunning({ node, key, decision }: Planned): boolean {
    if (decision.verdict === 'restorable') return true
    if (decision.verdict === 'fresh') return false
    if (key === undefined) return decision.reasons.some(({ kind }) => kind === 'lockfile')
    return this.#failures.get(node.name)?.key !== key
  }
}

const isSameKey = (known: KnownFailure, key: Digest | undefined): boolean =>
  key === undefined || known.key === key

/** A plan as comparable text. */
const textOf = (plan: Plan): string =>
  JSON.stringify(plan.map(({ node, key, parts, decision }) => [node.name, decision.verdict, key ?? parts]))

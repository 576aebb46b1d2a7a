import type { Digest } from '../platform/digest.ts'
import type { BuildReport } from '../executor/report.ts'
import type { KnownFailure } from '../executor/options.ts'
import type { Plan, Planned } from '../planner/types.ts'

/** What came of past builds: which artifacts fail as they are. */
export class Memory {
  readonly #failures = new Map<string, KnownFailure>()
  #tried: string | undefined
  /** Whether what was tried ended with a report, and not with an error. */
  #reported = false

  /** The failures that would come again with a plan: those of producers. An output can be put in its place next time. */
  knownFailures(planned: Plan): ReadonlyMap<string, KnownFailure> {
    const copy = new Map(this.#failures)
    for (const { node, decision } of planned) if (decision.verdict === 'restorable') copy.delete(node.name)
    return copy
  }

  /** Whether there is something to do about a plan that would not end as it did before. */
  isWorthBuilding(planned: Plan): boolean {
    return planned.some((one) => this.#isWorth(one)) && textOf(planned) !== this.#tried
  }

  /** Remembers that a plan is being built: the same one is not built again unless it is forgotten. */
  trying(planned: Plan): void {
    this.#tried = textOf(planned)
    this.#reported = false
  }

  /** Remembers how artifacts ended. */
  note({ artifacts }: BuildReport): void {
    this.#reported = true
    for (const { name, outcome, key, failure } of artifacts)
      if (outcome === 'failed' && key !== undefined) this.#failures.set(name, { key, failure: failure! })
      else if (outcome !== 'skipped') this.#failures.delete(name)
  }

  /** Forgets those failures that a plan shows to be over; gives the names of the others. */
  failing(planned: Plan): readonly string[] {
    const still = planned.filter(
      ({ node, key, decision }) =>
        this.#failures.has(node.name) &&
        decision.verdict !== 'fresh' &&
        isKey(this.#failures.get(node.name), key),
    )
    return still.map(({ node }) => node.name)
  }

  /** Something happened: only a plan that ended with an error is not built again while it is the same. */
  changed(): void {
    if (this.#reported) this.#tried = undefined
  }

  forgetTried(): void {
    this.#tried = undefined
  }

  forget(): void {
    this.#failures.clear()
    this.#tried = undefined
  }

  #isWorth({ node, key, decision }: Planned): boolean {
    if (decision.verdict === 'restorable') return true
    if (decision.verdict === 'fresh') return false
    if (key === undefined) return decision.reasons.some(({ kind }) => kind === 'lockfile')
    return this.#failures.get(node.name)?.key !== key
  }
}

const isKey = (known: KnownFailure | undefined, key: Digest | undefined): boolean =>
  key === undefined || known?.key === key

/** A plan as one comparable text. */
const textOf = (planned: Plan): string =>
  JSON.stringify(planned.map(({ node, key, parts, decision }) => [node.name, decision.verdict, key ?? parts]))

// What became of each artifact of a build, for its report and its events.
import type { Listener } from '../events/events.ts'
import { failureData } from '../platform/failureData.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { dependenciesOf } from '../graph/graph.ts'
import type { Plan, Planned, Reason, RunRecord } from '../planner/domain.ts'
import { Failure } from '../platform/failure.ts'
import type { KnownFailure } from './options.ts'
import type { ArtifactReport } from './report.ts'
import { freshReport, outputReport } from './report.ts'

/** The failure of an artifact. It has no `key` if the artifact failed before all of its dependencies were settled. */
type ArtifactFailure = Omit<KnownFailure, 'key'> & Partial<KnownFailure>

/**
 * Collects the outcome of each artifact while a build runs, and emits the events about them. Artifacts finish in any
 * order.
 */
export class BuildOutcomes {
  readonly #listener: Listener
  readonly #undecided: ReadonlySet<string>
  readonly #reports = new Map<string, ArtifactReport>()
  readonly #failed: Map<string, ArtifactFailure>

  /** `undecided` contains the names of the artifacts that had no key in the first plan. */
  constructor(
    listener: Listener,
    undecided: ReadonlySet<string>,
    knownFailures: ReadonlyMap<string, KnownFailure> = new Map(),
  ) {
    this.#listener = listener
    this.#undecided = undecided
    this.#failed = new Map(knownFailures)
  }

  /** The failures so far, with those known from earlier builds, by artifact. */
  get failed(): ReadonlyMap<string, ArtifactFailure> {
    return this.#failed
  }

  get hasFailed(): boolean {
    return this.#failed.size > 0
  }

  wasBuilt(name: string): boolean {
    return this.#reports.get(name)?.outcome === 'built'
  }

  /** Notes that an artifact was built in `seconds` or restored, with the record that is now its latest. */
  add(
    { name }: ArtifactNode,
    record: RunRecord | undefined,
    outcome: 'built' | 'restored',
    reasons: readonly Reason[],
    seconds?: number,
  ): void {
    const outputs = Object.values(record?.outputs ?? {}).map(outputReport)
    const report = { name, outcome, reasons, outputs, ...(seconds === undefined ? {} : { seconds }) }
    this.#reports.set(name, report)
  }

  /** Notes and reports that an artifact failed after `seconds`. Throws any error that is not a {@link Failure} again. */
  fail({ node: { name }, key, decision }: Planned, error: unknown, seconds: number): void {
    if (!(error instanceof Failure)) throw error
    const failure = failureData(error)
    const reasons = decision.verdict === 'fresh' ? [] : decision.reasons
    const failed = key === undefined ? { failure } : { key, failure }
    this.#failed.set(name, failed)
    this.#reports.set(name, { name, outcome: 'failed', reasons, outputs: [], ...failed })
    this.#listener({ type: 'failed', artifact: name, reasons, seconds, ...failed })
  }

  /** Forgets a failure, so that the artifact can run again. */
  forget(name: string): void {
    this.#failed.delete(name)
    this.#reports.delete(name)
  }

  /**
   * Returns the report of every artifact of the plan. Call it when nothing is left to do: for each artifact that the
   * build did not touch, it also emits an event.
   */
  reports(planned: Plan): readonly ArtifactReport[] {
    /** For each artifact that failed or depends on a failed one, the name of the failed one. */
    const failedBelow = new Map<string, string>()
    return planned.map((one) => {
      const { name } = one.node
      const below = this.#failed.has(name)
        ? name
        : dependenciesOf(one.node).flatMap((dependency) => failedBelow.get(dependency) ?? [])[0]
      if (below !== undefined) failedBelow.set(name, below)
      return this.#reports.get(name) ?? this.#reportUntouched(one, below)
    })
  }

  /** `failedBelow` is the failed artifact that this one depends on, if there is one. */
  #reportUntouched(one: Planned, failedBelow: string | undefined): ArtifactReport {
    const { node, decision } = one
    const { name } = node
    if (decision.verdict === 'fresh') {
      const { key, seconds } = decision.record
      const cutOff = this.#undecided.has(name)
      this.#listener({ type: 'fresh', artifact: name, key, savedSeconds: seconds, cutOff })
      return freshReport(one)
    }
    const { reasons } = decision
    const known = this.#failed.get(name)
    if (known) {
      this.#listener({ type: 'failed', artifact: name, reasons, seconds: 0, ...known })
      return { name, outcome: 'failed', reasons, outputs: [], ...known }
    }
    const [firstFailed] = this.#failed.keys()
    const failedArtifact = failedBelow ?? firstFailed
    if (failedArtifact === undefined)
      throw new Failure(`the inputs of '${name}' changed during the build`, { hint: 'build again' })
    const dependsOnFailed = failedBelow !== undefined
    this.#listener({ type: 'skipped', artifact: name, reasons, failedArtifact, dependsOnFailed })
    return { name, outcome: 'skipped', reasons, outputs: [], failedArtifact, dependsOnFailed }
  }
}

// What a build reports when it has finished.
import type { Outcome } from '../events/events.ts'
import type { FailureData } from '../platform/failureData.ts'
import type { Plan, Planned, Reason } from '../planner/domain.ts'
import type { Digest } from '../platform/digest.ts'

export interface OutputReport {
  readonly path: string
  /** Whether it is in `output/`; otherwise it is only in the store. */
  readonly published: boolean
  readonly sha256: string
  /** The size in bytes. */
  readonly size: number
}

/** The outcome of one artifact in a build. */
export interface ArtifactReport {
  readonly name: string
  readonly outcome: Outcome
  /** The duration of the run, if its producer ran. */
  readonly seconds?: number
  readonly reasons: readonly Reason[]
  readonly outputs: readonly OutputReport[]
  readonly failure?: FailureData
  /** The key with which it failed, if known. */
  readonly key?: Digest
  /** If it was skipped: the failed artifact that it depends on, or else the one after whose failure the build stopped. */
  readonly failedArtifact?: string
  /** If it was skipped: whether it depends on `failedArtifact`. */
  readonly dependsOnFailed?: boolean
}

/** The result of a build, artifacts in the order of the graph. */
export interface BuildReport {
  /** The id of the build in the event log; empty if there was nothing to do, since that is not logged. */
  readonly build: string
  readonly targets: readonly string[]
  readonly artifacts: readonly ArtifactReport[]
  readonly seconds: number
  /** The total duration of the past runs whose results were reused. */
  readonly savedSeconds: number
  readonly exitCode: number
}

/** The report of an artifact with nothing to do. */
export function freshReport({ node, decision }: Planned): ArtifactReport {
  const outputs = decision.verdict === 'fresh' ? Object.values(decision.record.outputs) : []
  return { name: node.name, outcome: 'fresh', reasons: [], outputs: outputs.map(outputReport) }
}

/** The report of a build with nothing to do. */
export const idleReport = (planned: Plan, targets: readonly string[], seconds: number): BuildReport => ({
  build: '',
  targets,
  artifacts: planned.map(freshReport),
  seconds,
  savedSeconds: savedSeconds(planned),
  exitCode: 0,
})

/** The fields of an output that a report shows. */
export const outputReport = ({ path, published, sha256, size }: OutputReport): OutputReport => ({
  path,
  published,
  sha256,
  size,
})

/** The total duration of the past runs whose results a plan reuses, in seconds. */
export const savedSeconds = (planned: Plan): number =>
  planned.reduce(
    (sum, { decision }) =>
      decision.verdict === 'fresh' || decision.verdict === 'restorable' ? sum + decision.record.seconds : sum,
    0,
  )

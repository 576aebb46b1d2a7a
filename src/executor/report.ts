import type { FailureData, Outcome } from '../events/events.ts'
import type { Plan, Planned, Reason } from '../planner/types.ts'
import type { Digest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'

export interface OutputReport {
  readonly path: string
  /** Whether it is in `output/`; if not, it is only in the store. */
  readonly published: boolean
  readonly sha256: string
  /** In bytes. */
  readonly size: number
}

/** What became of one artifact in a build. */
export interface ArtifactReport {
  readonly name: string
  readonly outcome: Outcome
  /** How long it ran, if it ran. */
  readonly seconds?: number
  readonly reasons: readonly Reason[]
  readonly outputs: readonly OutputReport[]
  readonly failure?: FailureData
  /** The key with which it failed. */
  readonly key?: Digest
}

/** What a build did, in the order of the graph. */
export interface BuildReport {
  /** The build's name in the log; empty where there was nothing to do, which is not logged. */
  readonly build: string
  readonly targets: readonly string[]
  readonly artifacts: readonly ArtifactReport[]
  readonly seconds: number
  /** The time that the runs would have taken that were not needed. */
  readonly savedSeconds: number
  readonly exitCode: number
}

/** The report of an artifact that needed nothing. */
export function freshReport({ node, decision }: Planned): ArtifactReport {
  const outputs = decision.verdict === 'fresh' ? Object.values(decision.record.outputs) : []
  return { name: node.name, outcome: 'fresh', reasons: [], outputs: outputs.map(outputReport) }
}

/** What a build did that had nothing to do. */
export const idleReport = (planned: Plan, targets: readonly string[], seconds: number): BuildReport => ({
  build: '',
  targets,
  artifacts: planned.map(freshReport),
  seconds,
  savedSeconds: savedSeconds(planned),
  exitCode: 0,
})

/** A failure as events and reports carry it; of any other error only its words. */
export function failureData(error: unknown): FailureData {
  if (!(error instanceof Failure))
    return { headline: error instanceof Error ? error.message : String(error), facts: [] }
  const { headline, facts, hint, tail } = error
  return {
    headline,
    facts,
    ...(hint === undefined ? {} : { hint }),
    ...(tail === undefined ? {} : { tail }),
  }
}

/** An output as a report shows it. */
export const outputReport = ({ path, published, sha256, size }: OutputReport): OutputReport => ({
  path,
  published,
  sha256,
  size,
})

/** How long the runs took whose outputs a plan can use as they are. */
export const savedSeconds = (planned: Plan): number =>
  planned.reduce(
    (sum, { decision }) =>
      decision.verdict === 'fresh' || decision.verdict === 'restorable' ? sum + decision.record.seconds : sum,
    0,
  )

// What the event log knows of one past build: the data of `history`, `why --last` and traces.
import type { Json } from '../api/params.ts'
import type { Explanation } from '../planner/evidence.ts'
import type { Reason } from '../planner/domain.ts'
import type { FailureData } from '../platform/failureData.ts'
import type { BuildNode, BuiltOutput, Outcome } from './events.ts'

/** A span of time in a build, in milliseconds since it began. */
export interface Span {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** One attempt at an artifact: a run of its producer, or a restoration. */
export interface Attempt extends Span {
  readonly name: 'run' | 'restore'
  /** The phases of the run, in order; empty for a restoration. */
  readonly phases: readonly Span[]
}

/**
 * What happened to an artifact. `unfinished`: the build ended while it ran or was restored. `unreached`: the build ended
 * before it was scheduled or reported.
 */
export type LoggedOutcome = Outcome | 'unfinished' | 'unreached'

/** What the log knows of one artifact. */
export interface LoggedArtifact extends BuildNode {
  readonly outcome: LoggedOutcome
  /** Why it was not fresh when it was scheduled. */
  readonly reasons: readonly Reason[]
  readonly key?: string
  /** The duration of the run. */
  readonly seconds?: number
  /** The duration of its previous run. */
  readonly usualSeconds?: number
  /** The duration of the past run whose result the build reused. */
  readonly savedSeconds?: number
  /** Whether the content of any output differs from the version published before. */
  readonly changed?: boolean
  /** Whether a fresh artifact is fresh by early cutoff. */
  readonly cutOff?: boolean
  /** The outputs, if the artifact was built or restored. */
  readonly outputs: readonly BuiltOutput[]
  readonly failure?: FailureData
  /** If this one was skipped: the failed artifact that it depends on, or the one after which the build stopped. */
  readonly failedArtifact?: string
  /** Whether it depends on `failedArtifact`; unknown for builds of older versions of lbuild. */
  readonly dependsOnFailed?: boolean
  /** The attempts, in order; more than one if the inputs changed during a run. */
  readonly attempts: readonly Attempt[]
}

/** What the log knows of one lockfile. */
export interface LoggedLockfile {
  readonly name: string
  /** When it was resolved, and when its downloads were fetched. */
  readonly spans: readonly Span[]
}

/** How a build ended; `unfinished` if it was killed or still runs. */
export type BuildEnd = 'done' | 'failed' | 'interrupted' | 'unfinished'

/** What the log knows of one build. */
export interface LoggedBuild {
  readonly id: string
  /** The wall-clock time in milliseconds since 1970. */
  readonly startedAt?: number
  /** The version of lbuild that ran it. */
  readonly lbuild?: string
  readonly targets: readonly string[]
  /** The arguments of lbuild as the user typed them; unknown for builds of older versions of lbuild. */
  readonly command?: readonly string[]
  /** The params that the profile and the command line set. */
  readonly params: Readonly<Record<string, Json>>
  /** The maximum number of producers that ran at a time. */
  readonly jobs?: number
  readonly force: boolean
  readonly keepGoing: boolean
  readonly end: BuildEnd
  /** Until its end, or until its last known event. */
  readonly seconds: number
  /** The total duration of the past runs whose results the build reused; missing if the build did not finish. */
  readonly savedSeconds?: number
  /** What ended it, if that was not the failure of an artifact. */
  readonly failure?: FailureData
  /** Whether parts of its log are unreadable, so that more may have happened. */
  readonly incomplete: boolean
  /** In the graph's order. */
  readonly artifacts: readonly LoggedArtifact[]
  readonly lockfiles: readonly LoggedLockfile[]
  /** Why artifacts were not fresh when the build began. */
  readonly explanation?: Explanation
  readonly warnings: readonly { readonly message: string; readonly hint?: string }[]
  /** Outputs that somebody had changed, with the names that they were given (`as`). */
  readonly preserved: readonly { readonly path: string; readonly as: string }[]
}

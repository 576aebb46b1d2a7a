// The options of a session and of a build.
import type { Listener } from '../events/events.ts'
import type { FailureData } from '../platform/failureData.ts'
import type { Overrides } from '../graph/params.ts'
import type { Plan } from '../planner/domain.ts'
import type { Digest } from '../platform/digest.ts'
import type { Processes } from '../sandbox/process.ts'
import type { Locked } from './locked.ts'
import type { Invalidation } from './invalidation.ts'

/** The options of every session. */
export interface SessionOptions {
  /** Wait if another build holds the workspace lock. */
  readonly wait: boolean
  readonly listener: Listener
  readonly signal: AbortSignal
  /** The directory of lbuild's compiled programs. */
  readonly code: string
  /** Processes of this host unless given. */
  readonly processes?: Processes
}

/** The failure of an artifact and its key: with the same key it would fail again. */
export interface KnownFailure {
  readonly key: Digest
  readonly failure: FailureData
}

/** What to build and how, beside the options of the session. */
export interface BuildOptions extends SessionOptions {
  readonly targets: readonly string[]
  /** The params given for this build, as the user wrote them. The graph has them already; these are for the event log. */
  readonly params?: Overrides
  /** The arguments of lbuild as the user typed them, for the event log. */
  readonly command?: readonly string[]
  /** Run the targets even if they are fresh. */
  readonly force: boolean
  /** Why the build may not resolve lockfiles: then it fails if one is missing or outdated. It may unless given. */
  readonly locked?: Locked
  /** How many producers run concurrently; one for each processor unless given. */
  readonly jobs?: number
  /** After a failure, build the artifacts that do not depend on it. */
  readonly keepGoing: boolean
  /**
   * A plan of the targets that the caller has just made, without forced artifacts. With it the build takes no snapshot
   * before it holds the workspace lock.
   */
  readonly planned?: Plan
  /**
   * The flag by which watch tells the build that inputs may have changed. A caller that sets this option must plan again
   * after the build.
   */
  readonly invalidation?: Invalidation
  /** Failures of artifacts that must not run again with the same key. */
  readonly knownFailures?: ReadonlyMap<string, KnownFailure>
}

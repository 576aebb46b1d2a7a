import type { Overrides } from '../graph/params.ts'
import type { Digest } from '../platform/digest.ts'
import type { FailureData } from '../events/events.ts'
import type { LockedOptions } from './session.ts'
import type { Invalidation } from './invalidation.ts'

/** How an artifact failed, and with which key: it would fail so again. */
export interface KnownFailure {
  readonly key: Digest
  readonly failure: FailureData
}

export interface BuildOptions extends LockedOptions {
  readonly targets: readonly string[]
  /** The params that were set for this build, as somebody wrote them: the graph has them already, the log tells of them. */
  readonly params?: Overrides
  /** Run the targets even if they are fresh. */
  readonly force: boolean
  /** How many producers run at a time; one for each processor unless given. */
  readonly jobs?: number
  /** After a failure go on with what does not depend on it. */
  readonly keepGoing: boolean
  /** Tells the build that inputs may have changed; who gives it looks at them again after the build, too. */
  readonly invalidation?: Invalidation
  /** Artifacts that are not run again while their key is the one with which they failed. */
  readonly knownFailures?: ReadonlyMap<string, KnownFailure>
}

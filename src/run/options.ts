import type { Overrides } from '../graph/params.ts'
import type { LockedOptions } from './locked.ts'

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
}

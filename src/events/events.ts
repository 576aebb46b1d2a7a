import type { Json } from '../api/params.ts'
import type { Explanation } from '../planner/evidence.ts'
import type { Reason } from '../planner/types.ts'

/** What happened to one artifact. */
export type Outcome = 'built' | 'restored' | 'fresh' | 'failed' | 'skipped'

/** How a failure travels: in events, in results of producers, in JSON. */
export interface FailureData {
  readonly headline: string
  readonly facts: readonly (readonly [string, string])[]
  readonly hint?: string
  readonly tail?: string
}

/** An artifact of a build, with what it waits for. */
export interface BuildNode {
  readonly name: string
  /** The artifacts whose outputs it takes. */
  readonly dependencies: readonly string[]
  /** The lockfiles whose downloads it takes. */
  readonly lockfiles: readonly string[]
}

/** An output that a build put in its place. */
export interface BuiltOutput {
  /** Its name in the declaration. */
  readonly name: string
  readonly path: string
  readonly published: boolean
  readonly sha256: string
  /** In bytes. */
  readonly size: number
  /** Whether its content differs from that which was published last. */
  readonly changed: boolean
}

/** What a producer's run goes through, in order. `running` begins the first: laying out the inputs. */
export type Phase = 'produce' | 'keep' | 'publish'

/**
 * Everything that a build says while it goes on. Progress, plain lines and the log render these, and nothing else. The
 * log writes each {@link LoggedEvent} as it is: docs/history.md documents them for readers.
 */
export type BuildEvent =
  | {
      readonly type: 'started'
      readonly build: string
      /** The version of lbuild. */
      readonly lbuild: string
      readonly targets: readonly string[]
      /** The params that the command line set. */
      readonly params: Readonly<Record<string, Json>>
      readonly jobs: number
      readonly force: boolean
      readonly keepGoing: boolean
      /** In the graph's order: dependencies first. */
      readonly artifacts: readonly BuildNode[]
    }
  | {
      /** The first plan under the lock, told from its causes. */
      readonly type: 'explained'
      readonly explanation: Explanation
    }
  | { readonly type: 'waiting'; readonly for: 'lock' }
  | {
      readonly type: 'resolving'
      readonly lock: string
      readonly path: string
      readonly why: 'missing' | 'outdated' | 'update'
    }
  | {
      readonly type: 'resolved'
      readonly lock: string
      readonly path: string
      readonly files: number
      readonly seconds: number
    }
  | { readonly type: 'fetching'; readonly lock: string; readonly files: number; readonly bytes: number }
  | { readonly type: 'fetched'; readonly lock: string; readonly seconds: number }
  | {
      readonly type: 'running'
      readonly artifact: string
      readonly reasons: readonly Reason[]
      /** How long its last run took. */
      readonly usualSeconds?: number
    }
  | { readonly type: 'phase'; readonly artifact: string; readonly phase: Phase }
  | {
      /** Something that the artifact's run or restoration rested on is no longer so: it is planned anew. */
      readonly type: 'retrying'
      readonly artifact: string
      readonly because: string
    }
  | {
      readonly type: 'built'
      readonly artifact: string
      readonly key: string
      /** How long its producer ran. */
      readonly seconds: number
      /** Whether any output differs from what the artifact made before. */
      readonly changed: boolean
      readonly outputs: readonly BuiltOutput[]
    }
  | { readonly type: 'restoring'; readonly artifact: string }
  | {
      readonly type: 'restored'
      readonly artifact: string
      readonly key: string
      readonly reasons: readonly Reason[]
      /** How long the run took that made it. */
      readonly savedSeconds: number
      readonly changed: boolean
      readonly outputs: readonly BuiltOutput[]
    }
  | {
      /** A producer runs to see whether it makes the same again. */
      readonly type: 'rebuilding'
      readonly artifact: string
      readonly usualSeconds: number
    }
  | {
      readonly type: 'rebuilt'
      readonly artifact: string
      readonly seconds: number
      readonly outcome: 'same' | 'differs' | 'failed'
    }
  | {
      readonly type: 'fresh'
      readonly artifact: string
      readonly key: string
      /** How long the run took that made it. */
      readonly savedSeconds: number
      /** Whether that was open at the start: what it waited for came out with the content of before. */
      readonly cutOff: boolean
    }
  | { readonly type: 'kept'; readonly path: string; readonly as: string }
  | {
      /** The store had outgrown its limit: what of it was removed. */
      readonly type: 'collected'
      readonly records: number
      readonly objects: number
      readonly bytes: number
    }
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string }
  | {
      readonly type: 'failed'
      readonly artifact: string
      /** Of the inputs with which it failed. */
      readonly key?: string
      readonly reasons: readonly Reason[]
      /** From when its turn came. */
      readonly seconds: number
      readonly failure: FailureData
    }
  | {
      /** A run was ended because what it was made of is no longer so; the artifact is planned anew. */
      readonly type: 'cancelled'
      readonly artifact: string
      readonly seconds: number
    }
  | {
      readonly type: 'skipped'
      readonly artifact: string
      readonly reasons: readonly Reason[]
      /** The artifact that failed first. */
      readonly because: string
    }
  | {
      readonly type: 'ended'
      readonly outcome: 'done' | 'failed' | 'interrupted'
      readonly seconds: number
      /** How long the runs took that were not needed; unknown where the build was cut short. */
      readonly savedSeconds?: number
      /** What ended it, where that was no failure of an artifact. */
      readonly failure?: FailureData
    }

/** What is written to the log, which begins when the lock is held. */
export type LoggedEvent = Exclude<BuildEvent, { readonly type: 'waiting' }>

export type Listener = (event: BuildEvent) => void

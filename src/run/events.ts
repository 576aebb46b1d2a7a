import type { Reason } from '../plan/reason.ts'

/** What happened to one artifact. */
export type Outcome = 'built' | 'restored' | 'fresh' | 'failed' | 'skipped'

/** How a failure travels: in events, in results of producers, in JSON. */
export interface FailureData {
  readonly headline: string
  readonly facts: readonly (readonly [string, string])[]
  readonly hint?: string
  readonly tail?: string
}

/** Everything that a build says while it goes on. Progress, plain lines and the log render these, and nothing else. */
export type BuildEvent =
  | {
      readonly type: 'started'
      readonly build: string
      readonly targets: readonly string[]
      readonly artifacts: number
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
  | {
      readonly type: 'built'
      readonly artifact: string
      readonly seconds: number
      /** Whether any output differs from what the artifact made before. */
      readonly changed: boolean
    }
  | {
      readonly type: 'restored'
      readonly artifact: string
      readonly reasons: readonly Reason[]
      readonly savedSeconds: number
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
  | { readonly type: 'fresh'; readonly artifact: string; readonly savedSeconds: number }
  | { readonly type: 'kept'; readonly path: string; readonly as: string }
  | {
      /** The store had outgrown its limit: what of it was removed. */
      readonly type: 'collected'
      readonly records: number
      readonly objects: number
      readonly bytes: number
    }
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string }
  | { readonly type: 'failed'; readonly artifact: string; readonly failure: FailureData }
  | {
      /** A run was ended because what it was made of is no longer so. */
      readonly type: 'cancelled'
      readonly artifact: string
      readonly seconds: number
    }
  | { readonly type: 'skipped'; readonly artifact: string; readonly because: string }
  | {
      readonly type: 'ended'
      readonly seconds: number
      readonly savedSeconds: number
      readonly exitCode: number
    }

export type Listener = (event: BuildEvent) => void

// The states of `lbuild watch` and the pure transitions between them.
//
//    idle ── change ──► debouncing ── quiet ──► planning ── nothing to do ──► idle, or debouncing if something changed
//                                               │      ▲
//                                            work      finished
//                                               ▼      │
//                          ┌────────────────► building ┤
//                          │                    │      │
//                     same graph              quiet    │
//                          │                    ▼      │
//                          └──────────────── checking ─┤ (the build may end during a check)
//                                               │      │
//                                         graph changed│
//                                               ▼      │
//                                           cancelling ┘
//
// `stop` leads from every state to `stopped`. Changes are never lost: outside of `idle` and `debouncing` they collect in
// `pending`. A failed config is no state: watch keeps building with the last graph that could be loaded.
import type { Burst, Change } from './debounce.ts'
import { isOver, overAt, withChange } from './debounce.ts'

/** The fields that every state has. */
interface Facts {
  /** Whether a change during a build cancels the runs that it makes stale; if not, the build finishes first. */
  readonly cancel: boolean
  /** Whether the current config can be loaded. */
  readonly config: 'loaded' | 'failed'
  /**
   * Whether `ready` was called and nothing has become stale since. (`ready` starts the command of `--exec` and the machine
   * of `--run`.)
   */
  readonly announced: boolean
}

type Phase =
  /** Waits for a change. */
  | { readonly kind: 'idle' }
  /** Collects changes until they pause. */
  | { readonly kind: 'debouncing'; readonly burst: Burst }
  /** Loads the config, takes a snapshot and plans. `cause` is the burst that led here, if any. */
  | { readonly kind: 'planning'; readonly cause: Burst | undefined; readonly pending: Burst | undefined }
  /** A build runs. */
  | { readonly kind: 'building'; readonly pending: Burst | undefined }
  /** A build runs, or has just finished, while watch checks whether a burst changed the graph. */
  | {
      readonly kind: 'checking'
      readonly burst: Burst
      readonly pending: Burst | undefined
      readonly finished: boolean
    }
  /** Waits for the end of a build whose graph is outdated. */
  | { readonly kind: 'cancelling'; readonly pending: Burst | undefined }
  | { readonly kind: 'stopped' }

export type WatchState = Facts & Phase

/**
 * The result of planning. `work`: start a build. `fresh`: all targets are up to date. `not-fresh`: only known failures
 * are left. `failed`: no plan could be made.
 */
export type PlanResult = 'work' | 'fresh' | 'not-fresh' | 'failed'

export type WatchInput =
  | ({ readonly type: 'change' } & Change)
  /** Time has passed; `now` is in {@link monotonicSeconds}. */
  | { readonly type: 'tick'; readonly now: number }
  | { readonly type: 'config'; readonly loaded: boolean }
  | { readonly type: 'planned'; readonly result: PlanResult }
  | { readonly type: 'checked'; readonly graphChanged: boolean }
  /** A build has finished, however it ended. */
  | { readonly type: 'finished' }
  | { readonly type: 'stop' }

/** Watch begins with a plan. */
export const startState = (cancel: boolean): WatchState => ({
  cancel,
  config: 'loaded',
  announced: false,
  kind: 'planning',
  cause: undefined,
  pending: undefined,
})

/** The state after an input; the same object when the input does not matter. */
export function transition(state: WatchState, input: WatchInput): WatchState {
  if (state.kind === 'stopped') return state
  const { cancel, config, announced } = state
  const facts = { cancel, config, announced }
  switch (input.type) {
    case 'change':
      return afterChange(state, input)
    case 'tick':
      return afterTick(state, input.now)
    case 'config':
      return { ...state, config: input.loaded ? 'loaded' : 'failed' }
    case 'planned': {
      if (state.kind !== 'planning') return state
      const { pending } = state
      const { result } = input
      if (result === 'work') return { ...facts, announced: false, kind: 'building', pending }
      const next = { ...facts, announced: result === 'failed' ? announced : result === 'fresh' }
      return pending ? { ...next, kind: 'debouncing', burst: pending } : { ...next, kind: 'idle' }
    }
    case 'checked': {
      if (state.kind !== 'checking') return state
      const { pending, finished } = state
      if (finished) return { ...facts, kind: 'planning', cause: pending, pending: undefined }
      return { ...facts, kind: input.graphChanged ? 'cancelling' : 'building', pending }
    }
    case 'finished':
      if (state.kind === 'checking') return state.finished ? state : { ...state, finished: true }
      if (state.kind !== 'building' && state.kind !== 'cancelling') return state
      return { ...facts, kind: 'planning', cause: state.pending, pending: undefined }
    case 'stop':
      return { ...facts, kind: 'stopped' }
  }
}

function afterChange(state: Exclude<WatchState, { kind: 'stopped' }>, change: Change): WatchState {
  const { cancel, config, announced } = state
  switch (state.kind) {
    case 'idle':
      return { cancel, config, announced, kind: 'debouncing', burst: withChange(undefined, change) }
    case 'debouncing':
      return { ...state, burst: withChange(state.burst, change) }
    default:
      return { ...state, pending: withChange(state.pending, change) }
  }
}

function afterTick(state: WatchState, now: number): WatchState {
  const burst = debounced(state)
  if (burst === undefined || !isOver(burst, now)) return state
  const { cancel, config, announced } = state
  const facts = { cancel, config, announced }
  return state.kind === 'building'
    ? { ...facts, kind: 'checking', burst, pending: undefined, finished: false }
    : { ...facts, kind: 'planning', cause: burst, pending: undefined }
}

/** When the caller must send a tick, in {@link monotonicSeconds}; undefined if no burst of changes has to end. */
export function tickAt(state: WatchState): number | undefined {
  const burst = debounced(state)
  return burst && overAt(burst)
}

/** The burst whose end watch waits for. */
function debounced(state: WatchState): Burst | undefined {
  if (state.kind === 'debouncing') return state.burst
  return state.kind === 'building' && state.cancel ? state.pending : undefined
}

// The events of `lbuild watch`, as its views and `--json` receive them.
import type { BuildEvent } from '../events/events.ts'
import type { FailureData } from '../platform/failureData.ts'
import type { Reason } from '../planner/domain.ts'

/** The version of a line of `watch --json`; it changes when a field is removed, renamed or changes its meaning. */
export const WATCH_EVENTS_VERSION = 2

/** Everything that `watch` reports; docs/watch.md describes each event for readers of `--json`. */
export type WatchEvent =
  | {
      /** Every later edit is noticed. */
      readonly type: 'watching'
      readonly targets: readonly string[]
      readonly backend: 'inotify' | 'polling'
      readonly directories: number
    }
  | {
      /** The page of `--ui` is served. Only who knows its address may read it. */
      readonly type: 'serving'
      readonly url: string
    }
  | {
      /** Not all changes are reported, so watch checks everything at a fixed interval. */
      readonly type: 'polling'
      readonly reason: string
      readonly hint?: string
      readonly intervalSeconds: number
    }
  | {
      /** Files were touched; the next plan decides whether their contents differ. */
      readonly type: 'changed'
      readonly paths: readonly string[]
      /** How many other paths there are. */
      readonly more: number
    }
  | {
      /** The config was reloaded, and its graph differs. */
      readonly type: 'reconfigured'
    }
  | {
      readonly type: 'building'
      readonly artifacts: readonly {
        readonly artifact: string
        readonly verdict: 'restorable' | 'stale' | 'undecided'
        readonly reasons: readonly Reason[]
      }[]
    }
  | { readonly type: 'build'; readonly event: BuildEvent }
  | {
      readonly type: 'built'
      readonly outcome: 'done' | 'failed' | 'cancelled'
      readonly ran: readonly string[]
      readonly restored: readonly string[]
      readonly failed: readonly string[]
      readonly seconds: number
      /** The time since the first change that led to the build; missing if no change did. */
      readonly secondsSinceChange?: number
    }
  | {
      /** Something failed that is no artifact, such as loading the config. After a failure of `watch`, watch ends. */
      readonly type: 'failed'
      readonly scope: 'config' | 'inputs' | 'build' | 'machine' | 'watch'
      readonly failure: FailureData
    }
  | {
      /** Watch waits for a change. */
      readonly type: 'idle'
      /** Whether all targets are fresh. */
      readonly fresh: boolean
      /** Artifacts that failed and are not run again while they are unchanged. */
      readonly failed: readonly string[]
      /** Whether the config cannot be loaded, so that the last good one is in use. */
      readonly configFailed: boolean
      /** The targets and all their dependencies; empty if the inputs cannot be read. */
      readonly artifacts: readonly {
        readonly artifact: string
        readonly verdict: 'fresh' | 'restorable' | 'stale' | 'undecided'
        /** The duration of its last run. */
        readonly seconds?: number
      }[]
    }
  | { readonly type: 'exec'; readonly state: 'started'; readonly command: readonly string[] }
  | {
      readonly type: 'exec'
      readonly state: 'ended'
      readonly command: readonly string[]
      /** The exit code, the name of the signal, or why the command could not start. */
      readonly code: number | string
      readonly seconds: number
    }
  | {
      readonly type: 'machine'
      readonly state: 'started'
      readonly image: string
      /** The file that receives its serial console. */
      readonly console: string
    }
  | {
      readonly type: 'machine'
      readonly state: 'ended'
      readonly image: string
      /** What QEMU wrote to its standard error. */
      readonly errors?: string
    }

export type WatchListener = (event: WatchEvent) => void

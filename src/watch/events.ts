import type { BuildEvent, FailureData } from '../events/events.ts'
import type { Reason } from '../planner/types.ts'

/** The version of a line of `watch --json`. It moves when a field goes or comes to mean something else. */
export const WATCH_EVENTS_VERSION = 1

/** Everything that `watch` says; docs/watch.md describes each for those who read `--json`. */
export type WatchEvent =
  | {
      /** From now on no edit is missed. */
      readonly type: 'watching'
      readonly targets: readonly string[]
      readonly backend: 'inotify' | 'scan'
      readonly directories: number
    }
  | {
      /** Events cannot be had, or not be trusted: everything is looked at in an interval. */
      readonly type: 'scanning'
      readonly reason: string
      readonly hint?: string
      /** In seconds. */
      readonly interval: number
    }
  | {
      /** Something happened to files; whether it changed anything is found out by looking. */
      readonly type: 'changed'
      readonly paths: readonly string[]
      /** How many more there are. */
      readonly more: number
    }
  | {
      /** The config was loaded anew, and is another one. */
      readonly type: 'config'
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
      /** From the first change that the build is of; nothing for a build that no change began. */
      readonly secondsSinceChange?: number
    }
  | {
      /** Something that is no failure of an artifact: a config that cannot be loaded, an input that is not there. */
      readonly type: 'failed'
      readonly what: 'config' | 'inputs' | 'build' | 'machine'
      readonly failure: FailureData
    }
  | {
      /** There is nothing more to do until something changes. */
      readonly type: 'idle'
      /** Whether all targets are fresh. */
      readonly fresh: boolean
      /** Artifacts that failed and are not run again as they are. */
      readonly failed: readonly string[]
      /** Whether the config cannot be loaded: what is built is of the last one that could. */
      readonly broken: boolean
      /** Everything at or below the targets; empty where the inputs could not be looked at. */
      readonly artifacts: readonly {
        readonly artifact: string
        readonly verdict: 'fresh' | 'restorable' | 'stale' | 'undecided'
        /** How long its last run took. */
        readonly seconds?: number
      }[]
    }
  | { readonly type: 'exec'; readonly state: 'started'; readonly command: readonly string[] }
  | {
      readonly type: 'exec'
      readonly state: 'ended'
      readonly command: readonly string[]
      /** The exit code, the name of the signal, or why it could not be started. */
      readonly code: number | string
      readonly seconds: number
    }
  | {
      readonly type: 'machine'
      readonly state: 'started'
      readonly image: string
      /** The file that its serial console is written to. */
      readonly console: string
    }
  | {
      readonly type: 'machine'
      readonly state: 'ended'
      readonly image: string
      /** QEMU's own words. */
      readonly errors?: string
    }

export type WatchListener = (event: WatchEvent) => void

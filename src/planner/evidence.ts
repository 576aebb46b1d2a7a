// What is known of a cause beyond its reason: the data that `why`, the event log and `--json` show.
import type { Digest } from '../platform/digest.ts'
import type { Cause, Consequence, PartKind } from './domain.ts'

/** How many lines of a text were added and removed. */
export interface LineCount {
  readonly added: number
  readonly removed: number
}

/** How the packages that a lockfile names differ. */
export interface PackageChanges {
  readonly added: readonly { readonly name: string; readonly version: string }[]
  readonly removed: readonly { readonly name: string; readonly version: string }[]
  readonly changed: readonly { readonly name: string; readonly before: string; readonly now: string }[]
}

/** How a text changed; only its path if the former text is not in the store. */
export interface TextChange {
  /** Relative to the workspace's root, or absolute if it is a tool's file outside; unusual names are escaped. */
  readonly path: string
  readonly lines?: LineCount
  /** The first line that differs, counted from 1 in the current text. */
  readonly at?: number
  /** Both sizes in bytes, if known. */
  readonly sizes?: readonly [before: number, now: number]
}

/** How one entry of a tree changed. */
export interface EntryChange extends TextChange {
  readonly change:
    'added' | 'removed' | 'content' | 'made executable' | 'no longer executable' | 'type' | 'link target'
  /** The former SHA-256, if it was a file. */
  readonly before?: Digest
  /** The former and the current type or link target. */
  readonly values?: readonly [before: string, now: string]
}

/** The identity of a run: its build, and when it started (ISO 8601, UTC). */
export interface RunId {
  readonly build: string
  readonly startedAt: string
}

/** What is known of a cause beyond its reason. */
export interface Evidence {
  /** When the changed file was last modified, in milliseconds since 1970; a tool's, when it was edited or installed. */
  readonly editedAt?: number
  /** The run that is compared with: the one whose outputs were published last. */
  readonly comparedWith?: RunId
  readonly text?: TextChange
  /** The changed entries of a tree, or files of a tool. */
  readonly entries?: readonly EntryChange[]
  /** How many changed entries are not listed in `entries`. */
  readonly moreEntries?: number
  readonly packages?: PackageChanges
  /** The values of a param as a user writes them. `setBy` names who set it; it is missing for the default. */
  readonly values?: { readonly before: string; readonly now: string; readonly setBy?: string }
  /** The versions of a tool. */
  readonly versions?: { readonly before?: string; readonly now?: string }
  /** The modules from one that declares the artifact to the changed one, each importing the next. */
  readonly imports?: readonly string[]
  /** The run that produced the current content of a changed output of a dependency. */
  readonly builtBy?: RunId
  /**
   * Why that output changed: the causes between the run that produced the former content and `builtBy`. Missing if the
   * store lacks one of the two records.
   */
  readonly upstream?: readonly ExplainedCause[]
}

/** A cause with its evidence. */
export interface ExplainedCause extends Cause {
  readonly evidence: Evidence
}

/** A plan explained by its causes: what `why`, the event log and `why --last` render. */
export interface Explanation {
  readonly causes: readonly ExplainedCause[]
  /** In the graph's order. */
  readonly consequences: readonly Consequence[]
  readonly unchanged: Unchanged
}

/** What did not change. */
export interface Unchanged {
  /** Artifacts that are fresh. */
  readonly fresh: readonly string[]
  /** How many parts of keys are unchanged, by kind; a part that several artifacts see counts once. */
  readonly parts: Readonly<Partial<Record<PartKind, number>>>
}

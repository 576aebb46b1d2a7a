import type { Digest } from '../platform/digest.ts'
import type { Cause, Consequence, PartKind } from './types.ts'

/** How many lines came and went. */
export interface LineCount {
  readonly added: number
  readonly removed: number
}

/** How what a lock names differs from what it named. */
export interface PackageChanges {
  readonly added: readonly { readonly name: string; readonly version: string }[]
  readonly removed: readonly { readonly name: string; readonly version: string }[]
  readonly changed: readonly { readonly name: string; readonly before: string; readonly now: string }[]
}

/** How a text was changed, or only that it was, where the former text was not kept. */
export interface TextChange {
  /** From the workspace's root; odd names are escaped. */
  readonly path: string
  readonly lines?: LineCount
  /** The first line that differs, counted from 1 in the text of now. */
  readonly at?: number
  /** In bytes, before and now, where known. */
  readonly sizes?: readonly [before: number, now: number]
}

export interface EntryChange extends TextChange {
  readonly change:
    'added' | 'removed' | 'content' | 'made executable' | 'no longer executable' | 'type' | 'link target'
  /** The SHA-256 of what was a file. */
  readonly before?: Digest
  /** Of another type or link target: what it was and what it is, in words. */
  readonly values?: readonly [before: string, now: string]
}

/** The identity of a run: its build, and when it began (ISO 8601). */
export interface RunId {
  readonly build: string
  readonly startedAt: string
}

/** What is known of a cause beyond that it is one: data, for people and machines. */
export interface Evidence {
  /** When what changed was edited last, in milliseconds since 1970, by the times of files. */
  readonly editedAt?: number
  /** The run that is compared with: the one whose outputs were published last. */
  readonly comparedWith?: RunId
  readonly text?: TextChange
  readonly entries?: readonly EntryChange[]
  /** How many entries there are beside those listed. */
  readonly moreEntries?: number
  readonly packages?: PackageChanges
  /** Of a param, as somebody would write it, and who set it; nobody where it has its default. */
  readonly values?: { readonly before: string; readonly now: string; readonly setBy?: string }
  /** Of a tool. */
  readonly versions?: { readonly before?: string; readonly now?: string }
  /** The modules from one that declares the artifact to the one that changed, each importing the next. */
  readonly imports?: readonly string[]
  /** The run that made the output that is now another one. */
  readonly builtBy?: RunId
  /** Of such an output: what that run saw otherwise than the one that made the former output, where both are known. */
  readonly upstream?: readonly ExplainedCause[]
}

/** A cause with what is known of it. */
export interface ExplainedCause extends Cause {
  readonly evidence: Evidence
}

/** A plan told from its causes: what `why`, the event log and `why --last` render. */
export interface Explanation {
  readonly causes: readonly ExplainedCause[]
  /** In the graph's order. */
  readonly consequences: readonly Consequence[]
  /** What is no cause. */
  readonly unchanged: Unchanged
}

export interface Unchanged {
  /** Artifacts that are fresh. */
  readonly fresh: readonly string[]
  /** How many parts of keys are as they were, by their kind; what several artifacts see counts once. */
  readonly parts: Readonly<Partial<Record<PartKind, number>>>
}

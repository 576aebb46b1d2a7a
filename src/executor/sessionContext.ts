// What the steps of a build session share.
import type { Listener } from '../events/events.ts'
import type { Downloads } from '../lockfiles/downloads.ts'
import type { Confinement } from '../sandbox/confinement.ts'
import type { Processes } from '../sandbox/process.ts'
import type { StoreAccess } from '../store/storeAccess.ts'
import type { Snapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Locked } from './locked.ts'
import type { Variation } from './variation.ts'

/** A build session: everything that its steps need. */
export interface SessionContext {
  readonly workspace: Workspace
  readonly snapshot: Snapshot
  readonly processes: Processes
  readonly store: StoreAccess
  /** Probes the host before the first producer runs. */
  readonly confinement: () => Promise<Confinement>
  readonly downloads: Downloads
  /** The directory of lbuild's compiled programs. */
  readonly code: string
  /** The id of the build. */
  readonly build: string
  readonly listener: Listener
  /** Aborted when the session must stop. */
  readonly signal: AbortSignal
  /** Whether somebody watches the inputs and rebuilds after a change. */
  readonly watched?: boolean
  /** Why the session may not resolve lockfiles. It may unless given. */
  readonly locked?: Locked
  /** The changed conditions of `verify --rebuild`. A normal build does not set it. */
  readonly variation?: Variation
}

/** Thrown when a session must stop. */
export class Interrupted extends Error {}

/** Thrown when a run was cancelled because its inputs changed. */
export class Cancelled extends Error {}

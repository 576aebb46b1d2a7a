import type { Snapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Listener } from '../events/events.ts'
import type { Processes } from '../sandbox/process.ts'
import type { Confinement } from '../sandbox/bubblewrap.ts'
import type { Variation } from './variation.ts'

/** All that the steps of a build need. */
export interface RunContext {
  readonly workspace: Workspace
  readonly snapshot: Snapshot
  readonly processes: Processes
  /** Found out when the first producer is to run. */
  readonly confinement: () => Promise<Confinement>
  /** The directory with lbuild's compiled child. */
  readonly code: string
  readonly build: string
  readonly listener: Listener
  /** Aborted when the build is to stop. */
  readonly signal: AbortSignal
  /** Whether somebody watches the inputs, and has what changed meanwhile built. */
  readonly watched?: boolean
  /** What runs are to have different from those of builds; nothing unless given. */
  readonly variation?: Variation
}

/** Thrown when a build is told to stop. */
export class Interrupted extends Error {}

/** Thrown when one run of a build was ended because its inputs have changed. */
export class Cancelled extends Error {}

// The interface between watch and the mechanisms that notice file changes.
import type { Directories } from './directories.ts'

/** Receives what a backend notices. Every change is only a hint: contents decide what changed. */
export interface BackendListener {
  /**
   * Something changed at an absolute path, or anywhere if the path is empty. `entries` is true if a name appeared or
   * disappeared; it may be the name of a directory.
   */
  changed(path: string, entries: boolean): void
  /** The backend cannot watch everything that it was asked to. */
  failed(error: unknown): void
}

/** Notices changes in directories. */
export interface WatchBackend {
  /** Watches exactly these directories, without their subdirectories; resolves when it does. */
  watch(directories: Directories): Promise<void>
  close(): Promise<void>
}

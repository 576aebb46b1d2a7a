import type { Directories } from './directories.ts'

/** What a backend tells. Everything that it says is a hint to look: what has changed is decided by content. */
export interface BackendListener {
  /** Something happened at a path. `entries` says that a name came or went, so that directories may have. */
  happened(path: string, entries: boolean): void
  /** It cannot watch all that it was given. */
  failed(error: unknown): void
}

/** What wakes `watch`. */
export interface WatchBackend {
  /** Watches exactly these directories, not what is below them, and resolves when it does. */
  watch(directories: Directories): Promise<void>
  close(): Promise<void>
}

// Watches the sources of some targets, and falls back to polling if not all changes are reported.
import { GITIGNORE } from '../fingerprint/treeWalk.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { BackendListener, WatchBackend } from './backend.ts'
import type { Directories } from './directories.ts'
import { directoriesOf } from './directories.ts'
import type { WatchListener } from './events.ts'
import { POLLING_SECONDS } from './polling.ts'
import type { PollingReason } from './pollingReason.ts'
import { pollingReason } from './pollingReason.ts'
import { couldConcern, sourcesOf, withUndeclared } from './sources.ts'

export interface SourceWatcherOptions {
  readonly targets: readonly string[]
  readonly listener: WatchListener
  backend(listener: BackendListener): WatchBackend
  /** The backend to use when the first one cannot report all changes. */
  fallback(listener: BackendListener): WatchBackend
  /** The name of the file system of a directory if `backend` cannot report all its changes. */
  remoteFileSystem(root: string): string | undefined
}

/** Passes on the changes that may concern a source. */
export class SourceWatcher implements BackendListener {
  readonly #options: SourceWatcherOptions
  readonly #onChange: (path: string, entries: boolean) => void
  #isRelevant: (path: string) => boolean = () => true
  #backend: WatchBackend
  #polling = false

  constructor(options: SourceWatcherOptions, onChange: (path: string, entries: boolean) => void) {
    this.#options = options
    this.#onChange = onChange
    this.#backend = options.backend(this)
  }

  changed(path: string, entries: boolean): void {
    // A .gitignore file decides which directories are watched.
    const decides = entries || path.endsWith(`/${GITIGNORE}`)
    if (path === '' || this.#isRelevant(path)) this.#onChange(path, decides)
  }

  failed(error: unknown): void {
    this.#poll(pollingReason(error))
  }

  /** Starts watching, and reports it. From then on it notices every edit. */
  async begin(workspace: Workspace): Promise<void> {
    const { targets, listener, remoteFileSystem } = this.#options
    const { root } = workspace.locations
    const remote = remoteFileSystem(root)
    if (remote !== undefined)
      this.#poll({ reason: `${root} is on ${remote}, which does not report all changes` })
    const directories = await this.cover(workspace, 'loaded')
    listener({ type: 'watching', targets, backend: this.#polling ? 'polling' : 'inotify', directories })
  }

  /**
   * Watches every directory in which a source may change, and no other; returns their number. While the config cannot be
   * loaded, it also watches every directory of the workspace from which the config could import a module.
   */
  async cover(workspace: Workspace, config: 'loaded' | 'failed'): Promise<number> {
    const declared = sourcesOf(workspace, this.#options.targets)
    const sources = config === 'failed' ? withUndeclared(declared, workspace) : declared
    const { leftOutOf } = await import('./leftOut.ts')
    const leftOut = leftOutOf(workspace, this.#options.targets)
    this.#isRelevant = couldConcern(sources, leftOut)
    for (let before: Directories | undefined; ;) {
      // A directory may appear before its parent is watched, so the list is made again until it stays the same.
      const directories = directoriesOf(sources, workspace.locations.root, leftOut)
      if (this.#polling || (before && isSame(before, directories))) return directories.size
      before = directories
      await this.#backend.watch(directories)
    }
  }

  close(): Promise<void> {
    return this.#backend.close()
  }

  /** Switches to the fallback once, and reports why. */
  #poll(reason: PollingReason): void {
    if (this.#polling) return
    this.#polling = true
    void this.#backend.close()
    this.#backend = this.#options.fallback(this)
    this.#options.listener({ type: 'polling', ...reason, intervalSeconds: POLLING_SECONDS })
  }
}

const isSame = (one: Directories, other: Directories): boolean =>
  one.size === other.size && [...one].every(([path, identity]) => other.get(path) === identity)

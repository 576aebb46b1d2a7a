import type { Workspace } from '../workspace/workspace.ts'
import type { BackendListener, WatchBackend } from './backend.ts'
import type { Directories } from './directories.ts'
import { directoriesOf } from './directories.ts'
import type { WatchListener } from './events.ts'
import { Hints } from './debounce.ts'
import { SCAN_INTERVAL } from './scan.ts'
import { concerns, sourcesOf, widened } from './sources.ts'
import type { Distrust } from './pollingFallback.ts'
import { distrustOf } from './pollingFallback.ts'

export interface LookoutOptions {
  readonly targets: readonly string[]
  readonly listener: WatchListener
  /** What tells of changes. */
  backend(listener: BackendListener): WatchBackend
  /** What tells where `backend` cannot. */
  fallback(listener: BackendListener): WatchBackend
  /** The name of the file system of a directory, if what `backend` tells of it cannot be trusted. */
  distrust(root: string): string | undefined
}

/**
 * What watches the sources of some targets. Where not all changes would be told, it says so once and has everything
 * looked at in an interval from then on.
 */
export class Lookout {
  readonly hints = new Hints()
  readonly #options: LookoutOptions
  #backend: WatchBackend
  #scanning = false

  constructor(options: LookoutOptions) {
    this.#options = options
    this.#backend = options.backend(this.hints)
    this.hints.failed = (error) => this.#scanInstead(distrustOf(error))
  }

  /** Watches the sources of a workspace, and says so: from then on no edit is missed. */
  async begin(workspace: Workspace): Promise<void> {
    const { targets, listener, distrust } = this.#options
    const { root } = workspace.locations
    const remote = distrust(root)
    if (remote !== undefined)
      this.#scanInstead({ reason: `${root} is on ${remote}, which does not tell of all changes` })
    const directories = await this.cover(workspace, false)
    listener({ type: 'watching', targets, backend: this.#scanning ? 'scan' : 'inotify', directories })
  }

  /**
   * Has every directory watched in which something of the sources may change, and no other; gives how many there are.
   * `broken` says that the config cannot be loaded: what mends it may be in a directory that no source is in.
   */
  async cover(workspace: Workspace, broken: boolean): Promise<number> {
    const declared = sourcesOf(workspace, this.#options.targets)
    const sources = broken ? widened(declared, workspace) : declared
    this.hints.concerns = concerns(sources)
    for (let before: Directories | undefined; ;) {
      // What came into a directory before that was watched is found by looking once more.
      const directories = directoriesOf(sources, workspace.locations.root)
      if (this.#scanning || (before && isSame(before, directories))) return directories.size
      before = directories
      await this.#backend.watch(directories)
    }
  }

  close(): Promise<void> {
    return this.#backend.close()
  }

  #scanInstead(distrust: Distrust): void {
    if (this.#scanning) return
    this.#scanning = true
    void this.#backend.close()
    this.#backend = this.#options.fallback(this.hints)
    this.#options.listener({ type: 'scanning', ...distrust, interval: SCAN_INTERVAL / 1000 })
  }
}

const isSame = (one: Directories, other: Directories): boolean =>
  one.size === other.size && [...one].every(([path, identity]) => other.get(path) === identity)

// The backend that watches directories with inotify(7), through chokidar.
import { existsSync } from 'node:fs'
import type { FSWatcher } from 'chokidar'
import { watch } from 'chokidar'
import type { RawPath } from '../platform/rawPath.ts'
import { display, fromRawPath, isUtf8 } from '../platform/rawPath.ts'
import type { BackendListener, WatchBackend } from './backend.ts'
import type { Directories } from './directories.ts'

interface Watched {
  readonly identity: string
  readonly watcher: FSWatcher
  /** Ends the wait for `ready`, which a closed watcher never emits. */
  readonly settle: () => void
}

/**
 * Uses one chokidar watcher for each directory. So it is known when each directory is watched, a directory that replaces
 * another gets a new watcher, and no inotify watch is spent on a file. The watchers ignore the contents of their
 * directories. The backend uses only chokidar's `raw` event, which forwards fs.watch. This event is not in chokidar's
 * stable API, so lbuild pins chokidar's version. Chokidar takes paths as strings, so it cannot watch a directory whose
 * name is not UTF-8.
 */
export class InotifyBackend implements WatchBackend {
  readonly #listener: BackendListener
  readonly #watched = new Map<RawPath, Watched>()

  constructor(listener: BackendListener) {
    this.#listener = listener
  }

  async watch(directories: Directories): Promise<void> {
    const unnamed = [...directories.keys()].find((path) => !isUtf8(path))
    if (unnamed !== undefined)
      return this.#listener.failed(new Error(`the name of ${display(unnamed)} is not UTF-8`))
    const outdated = [...this.#watched].filter(([path, { identity }]) => directories.get(path) !== identity)
    await Promise.all(
      outdated.map(([path, { watcher }]) => {
        this.#watched.delete(path)
        return watcher.close()
      }),
    )
    const added = [...directories].filter(([path]) => !this.#watched.has(path))
    await Promise.all(added.map(([path, identity]) => this.#add(path, identity)))
  }

  async close(): Promise<void> {
    for (const { settle } of this.#watched.values()) settle()
    await Promise.all([...this.#watched.values()].map(({ watcher }) => watcher.close()))
    this.#watched.clear()
  }

  #add(directory: RawPath, identity: string): Promise<void> {
    const path = fromRawPath(directory)
    const watcher = watch(path, {
      ignored: (other) => other !== path,
      depth: 0,
      followSymlinks: true,
      ignoreInitial: true,
      atomic: false,
      usePolling: false,
    })
    const ready = new Promise<void>((resolve) => {
      this.#watched.set(directory, { identity, watcher, settle: resolve })
      watcher.on('ready', resolve)
    })
    watcher.on('raw', (kind: string, name: string | null) => {
      // fs.watch reports a change of the directory itself with the directory's own name, as if the directory contained an
      // entry of that name.
      const own = name === null || (path.endsWith(`/${name}`) && !existsSync(`${path}/${name}`))
      this.#listener.changed(own ? path : `${path}/${name}`, kind !== 'change')
    })
    watcher.on('error', (error) => this.#listener.failed(error))
    return ready
  }
}

import { existsSync } from 'node:fs'
import type { FSWatcher } from 'chokidar'
import { watch } from 'chokidar'
import type { Bytes } from '../platform/bytes.ts'
import { display, fromBytes, isUtf8 } from '../platform/bytes.ts'
import type { BackendListener, WatchBackend } from './backend.ts'
import type { Directories } from './directories.ts'

interface Watched {
  readonly identity: string
  readonly watcher: FSWatcher
  /** Ends the waiting for it: a watcher that is closed never gets ready. */
  readonly settle: () => void
}

/**
 * Watches by inotify(7), through chokidar with one watcher for each directory: so it is known when each is armed, one
 * that comes to the place of another is armed anew, and no watch is spent on a file. What is in a directory is ignored,
 * so all that is heard is chokidar's `raw` event, which passes on what fs.watch says; the version is pinned for that.
 * Chokidar takes paths as strings: a directory whose name is not UTF-8 cannot be watched.
 */
export class InotifyBackend implements WatchBackend {
  readonly #listener: BackendListener
  readonly #watched = new Map<Bytes, Watched>()

  constructor(listener: BackendListener) {
    this.#listener = listener
  }

  async watch(directories: Directories): Promise<void> {
    const unnamed = [...directories.keys()].find((path) => !isUtf8(path))
    if (unnamed !== undefined)
      return this.#listener.failed(new Error(`the name of ${display(unnamed)} is not UTF-8`))
    const gone = [...this.#watched].filter(([path, { identity }]) => directories.get(path) !== identity)
    await Promise.all(
      gone.map(([path, { watcher }]) => {
        this.#watched.delete(path)
        return watcher.close()
      }),
    )
    const fresh = [...directories].filter(([path]) => !this.#watched.has(path))
    await Promise.all(fresh.map(([path, identity]) => this.#arm(path, identity)))
  }

  async close(): Promise<void> {
    for (const { settle } of this.#watched.values()) settle()
    await Promise.all([...this.#watched.values()].map(({ watcher }) => watcher.close()))
    this.#watched.clear()
  }

  #arm(directory: Bytes, identity: string): Promise<void> {
    const path = fromBytes(directory)
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
      // What happened to the directory itself is told with its own name, as if it were in it.
      const own = name === null || (path.endsWith(`/${name}`) && !existsSync(`${path}/${name}`))
      this.#listener.happened(own ? path : `${path}/${name}`, kind !== 'change')
    })
    watcher.on('error', (error) => this.#listener.failed(error))
    return ready
  }
}

// Finds tools on the search path, and fingerprints each with everything that it loads.
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import type { AskLoader } from './loader.ts'
import { isRacy, signatureOf } from './fileState.ts'
import type { StatIndex, ToolEntry } from './statIndex.ts'
import type { DirectoryScan, ToolDirectory } from './toolDirectory.ts'
import { scanToolDirectory } from './toolDirectory.ts'

/** A tool of this host. */
export interface Tool extends Omit<ToolEntry, 'states'> {
  /** The states on disk of everything that a run of it may read: different if something was edited, even if undone. */
  readonly states: string
  /** Where it was found on the search path. */
  readonly path: RawPath
  /**
   * The listing of everything that `digest` covers, one line per file. The files may have changed since `digest` was
   * taken, so the caller must compare the SHA-256 of the listing with it.
   */
  listing(): Promise<string>
  /** The path of a file that the listing names; undefined if it does not exist. */
  pathOf(name: RawPath): RawPath | undefined
}

/** The loader's cache: after a change of it, a tool may load other libraries (ld.so(8)). */
const LOADER_CACHE = '/etc/ld.so.cache'

/** Where tools are searched for. */
export interface ToolPlaces {
  /** The workspace's own directories, which are searched first. */
  readonly own: readonly ToolDirectory[]
  /** The directories of the host. */
  readonly host: readonly RawPath[]
}

/** Finds tools. It looks at each file once, since tools share most of their libraries. */
export class ToolFinder {
  readonly disk: Disk
  readonly index: StatIndex
  readonly places: ToolPlaces
  readonly askLoader: AskLoader
  /** The directories in the order of the search. */
  readonly searchPath: readonly RawPath[]
  readonly #now: () => bigint
  readonly #states = new Map<RawPath, string>()
  readonly #scans = new Map<RawPath, Promise<DirectoryScan>>()

  /** `now` returns nanoseconds since 1970. */
  constructor(disk: Disk, index: StatIndex, places: ToolPlaces, now: () => bigint, ask: AskLoader) {
    this.disk = disk
    this.index = index
    this.places = places
    this.askLoader = ask
    this.searchPath = [...places.own.map(({ path }) => path), ...places.host]
    this.#now = now
  }

  /** Where a tool is: at the first path with its name that leads to an executable file. */
  locate(name: RawPath): RawPath | undefined {
    return this.searchPath
      .map((directory) => `${directory}/${name}`)
      .find((path) => {
        const stat = this.disk.stat(path)
        return stat?.type === 'file' && (stat.mode & 0o111) !== 0
      })
  }

  /**
   * Finds and fingerprints a tool; undefined if this host lacks it. Reads nothing while everything that it loads is
   * unchanged, and nothing appeared that it would load instead. Throws a Failure (exit code 2) if it cannot run.
   */
  async find(name: string): Promise<Tool | undefined> {
    const path = this.locate(toRawPath(name))
    if (path === undefined) return undefined
    const id = [...this.searchPath, path].join(':')
    const known = this.index.tool(id)
    if (known && known.states === (await this.#statesOf(known))) return this.#tool(path, known)
    const startedAt = this.#now()
    const { examineTool } = await import('./toolContents.ts')
    const found = await examineTool(this, path)
    const states = await this.#statesOf(found)
    this.index.setTool(id, { ...found, states: (await this.#isYoung(found, startedAt)) ? '' : states })
    return this.#tool(path, { ...found, states })
  }

  /** The scan of one of the workspace's own directories. */
  scan(directory: ToolDirectory): Promise<DirectoryScan> {
    const known = this.#scans.get(directory.path)
    if (known) return known
    const scan = scanToolDirectory(this.disk, this.index, directory, this.#now)
    this.#scans.set(directory.path, scan)
    return scan
  }

  async #tool(path: RawPath, entry: ToolEntry): Promise<Tool> {
    const states = [LOADER_CACHE, ...entry.files].map((file) => this.#stateOf(file))
    for (const directory of this.#own(entry.directories))
      for (const beside of (await this.scan(directory)).entries)
        if (entry.shown.includes(beside.path)) states.push(beside.state)
    let made: Promise<string> | undefined
    return {
      ...entry,
      path,
      states: states.join(' '),
      listing: () => (made ??= import('./toolContents.ts').then(({ listTool }) => listTool(this, entry))),
      pathOf: (name) => {
        const file = entry.files.find((one) => one.endsWith(`/${name}`))
        const directory = this.places.own.find(({ label }) => name.startsWith(`${label}/`))
        return file ?? (directory && `${directory.path}${name.slice(directory.label.length)}`)
      },
    }
  }

  /** The states of everything that a tool's digest depends on, as one comparable text. */
  async #statesOf({ files, probes, directories }: Omit<ToolEntry, 'states'>): Promise<string> {
    const states = [LOADER_CACHE, ...files, ...probes].map((path) => this.#stateOf(path))
    for (const directory of this.#own(directories)) states.push((await this.scan(directory)).states)
    return states.join(' ')
  }

  async #isYoung(
    { files, probes, directories }: Omit<ToolEntry, 'states'>,
    startedAt: bigint,
  ): Promise<boolean> {
    const isYoung = (path: RawPath): boolean => {
      const stat = this.disk.stat(path)
      return stat !== undefined && isRacy(this.disk, path, stat, startedAt)
    }
    if ([LOADER_CACHE, ...files, ...probes].some(isYoung)) return true
    for (const directory of this.#own(directories)) if ((await this.scan(directory)).isYoung) return true
    return false
  }

  #own(directories: readonly RawPath[]): readonly ToolDirectory[] {
    return this.places.own.filter(({ path }) => directories.includes(path))
  }

  #stateOf(path: RawPath): string {
    let state = this.#states.get(path)
    if (state === undefined) {
      const stat = this.disk.stat(path)
      this.#states.set(path, (state = stat ? signatureOf(stat) : 'absent'))
    }
    return state
  }
}

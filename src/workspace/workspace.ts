// Opens a workspace: the directory of a distro with everything that lbuild stores for it.
import { resolve } from 'node:path'
import { display, toRawPath } from '../platform/rawPath.ts'
import type { RawPath } from '../platform/rawPath.ts'
import type { Ignored } from '../platform/quarantine.ts'
import type { Disk } from '../platform/disk.ts'
import { realDisk } from '../platform/disk.ts'
import type { ProbedDirectory, SourceFile } from '../config/sourceFiles.ts'
import type { Locations } from '../config/locations.ts'
import { checkCache, checkSeparate, checkUtf8, storeOf } from '../config/locations.ts'
import type { EvaluationOptions } from '../config/configProcess.ts'
import { findRoot, loadConfig } from '../config/load.ts'
import type { AskLoader } from '../fingerprint/loader.ts'
import { askLoader } from '../fingerprint/loader.ts'
import { StatIndex } from '../fingerprint/statIndex.ts'
import type { Graph } from '../graph/graph.ts'
import { ObjectStore } from '../store/objects.ts'
import { cacheInStore } from '../store/storeUsers.ts'
import { strayTemporaries } from '../store/publish.ts'
import { RecordStore } from '../store/records.ts'

/** An open workspace. */
export interface Workspace {
  readonly disk: Disk
  readonly locations: Locations
  readonly index: StatIndex
  /** Files of the cache that were ignored because they are damaged or of another kind, until somebody reports them. */
  readonly unreportedDamage: Ignored
  readonly objects: ObjectStore
  readonly records: RecordStore
  readonly graph: Graph
  /** The path of the compiled config. */
  readonly bundle: string
  /** The files that graph and bundle were made from; none if they were not read from a config. */
  readonly configFiles: readonly SourceFile[]
  /** The paths that decide which modules the graph was made from. */
  readonly probes: readonly ProbedDirectory[]
  /** The environment variables when the workspace was opened. */
  readonly env: Environment
  /** Nanoseconds since 1970. */
  readonly now: () => bigint
  /** Whether this host can run producers in the sandbox. */
  readonly hasSandbox: () => boolean
  readonly askLoader: AskLoader
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where a workspace is, and how to load its graph. */
export interface OpenOptions {
  /** build.config.ts is searched for in this directory and those above it. */
  readonly start: string
  /** The directory of lbuild itself. */
  readonly home: string
  /** The directory for published outputs; `output/` in the root unless given. */
  readonly output?: string
  /** Whether this host can run producers in the sandbox. */
  readonly hasSandbox: () => boolean
  /** Loads the graph; {@link loadConfig} unless given. */
  readonly load?: typeof loadConfig
  /** How to evaluate a config that changed. */
  readonly evaluation?: EvaluationOptions
}

/** The clock that stamps files, in nanoseconds since 1970. */
const clock = (): bigint => BigInt(Date.now()) * 1_000_000n

/**
 * The locations of the workspace at or above a directory. `LBUILD_CACHE_DIR` names a store that several workspaces may
 * share, and `output` the directory for outputs. Throws a Failure (exit code 2) for directories that cannot be used.
 */
export function locationsFor(
  disk: Disk,
  { start, home, output }: Pick<OpenOptions, 'start' | 'home' | 'output'>,
): Locations {
  checkUtf8('the workspace', start)
  const root = findRoot(disk, start)
  checkUtf8('the workspace', root)
  const own = `${root}/cache`
  const store = resolve(root, process.env.LBUILD_CACHE_DIR || 'cache')
  const places = store === own ? { cache: own } : { cache: cacheInStore(store, root), sharedStore: store }
  if (store !== own) {
    checkUtf8('the cache directory', store)
    checkCache(disk, root, store)
  }
  return { root, home, ...places, output: output === undefined ? `${root}/output` : resolve(output) }
}

/** The temporaries that killed builds left in `output/`; see {@link strayTemporaries}. */
export function outputTemporaries({ disk, graph, locations }: Workspace): readonly RawPath[] {
  const outputs = graph.artifacts.flatMap((node) => Object.values(node.outputs))
  const paths = outputs.filter(({ published }) => published).map(({ path }) => toRawPath(path))
  return strayTemporaries(disk, toRawPath(locations.output), paths)
}

/** Reports each file of the cache that was ignored, once, as a text. */
export function ignoredFiles({ unreportedDamage }: Workspace): readonly string[] {
  const messages = [...unreportedDamage].map(
    (path) => `${display(path)} is damaged or of another kind, and is ignored`,
  )
  unreportedDamage.clear()
  return messages
}

/** The objects that a workspace uses. `epoch` is the time of new objects, in seconds since 1970. */
export const objectStore = (
  disk: Disk,
  locations: Pick<Locations, 'cache' | 'sharedStore'>,
  ignored?: Ignored,
  epoch?: number,
): ObjectStore => new ObjectStore(disk, toRawPath(`${storeOf(locations)}/objects`), { ignored, epoch })

/** The records that a workspace uses; which of them it published last is in its own cache. */
export const recordStore = (
  disk: Disk,
  locations: Pick<Locations, 'cache' | 'sharedStore'>,
  ignored?: Ignored,
): RecordStore =>
  new RecordStore(disk, toRawPath(`${storeOf(locations)}/records`), {
    latestIn: toRawPath(`${locations.cache}/records`),
    ignored,
  })

/** Opens a workspace. Writes only caches that save time. Throws a Failure (exit code 2) if the config is invalid. */
export async function openWorkspace(options: OpenOptions, disk: Disk = realDisk): Promise<Workspace> {
  const locations = locationsFor(disk, options)
  const ignored: Ignored = new Set()
  const index = new StatIndex(disk, toRawPath(`${locations.cache}/index`), clock, ignored)
  const load = options.load ?? loadConfig
  const { graph, bundle, files, probes } = await load(disk, index, locations, options.evaluation, ignored)
  checkSeparate(disk, graph, locations)
  return {
    disk,
    locations,
    index,
    unreportedDamage: ignored,
    objects: objectStore(disk, locations, ignored, graph.epoch),
    records: recordStore(disk, locations, ignored),
    graph,
    bundle,
    configFiles: files,
    probes,
    env: { ...process.env },
    now: clock,
    hasSandbox: options.hasSandbox,
    askLoader,
  }
}

// Loads the graph of build.config.ts, from the cache while its sources have not changed.
import { setImmediate } from 'node:timers/promises'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { LBUILD_VERSION } from '../platform/lbuildVersion.ts'
import { readChecksummed, writeChecksummed } from '../platform/checksummedFile.ts'
import type { Ignored } from '../platform/quarantine.ts'
import { listCacheDirectory, makeCacheDirectory, replaceCacheFile } from '../platform/quarantine.ts'
import { sha256 } from '../platform/digest.ts'
import { makeCacheInStore } from '../store/storeUsers.ts'
import { CLOCK_STEP } from '../fingerprint/fileState.ts'
import type { StatIndex } from '../fingerprint/statIndex.ts'
import type { Graph } from '../graph/graph.ts'
import type { EvaluationOptions } from './configProcess.ts'
import type { Locations } from './locations.ts'
import type { ProbedDirectory, SourceFile } from './sourceFiles.ts'
import { areUnmoved, changedFiles } from './sourceFiles.ts'

/** A graph, and the bundle that holds its producers. */
export interface LoadedConfig {
  readonly graph: Graph
  readonly bundle: string
  /** Every file that the graph was made of, and the bundle. */
  readonly files: readonly SourceFile[]
  /** The paths that decide which file each import resolves to. */
  readonly probes: readonly ProbedDirectory[]
}

interface CacheFile extends LoadedConfig {
  /** The workspace of the graph. The graph contains absolute paths, so a copied workspace must not use it. */
  readonly locations: Locations
}

/** The kind of the file with the graph: its format, and the programs that made it. */
export const GRAPH_KIND = `graph 17 ${LBUILD_VERSION} ${process.versions.node}` as const

/** The number of attempts to load a config whose sources change meanwhile; 20 outlast any realistic series of saves. */
const ATTEMPTS = 20
const RETRY_MS = 100

/** After this, a later change of a file has another time on most file systems. */
const SETTLED_MS = Number(CLOCK_STEP / 1_000_000n) + 5

/**
 * Loads the graph of `build.config.ts`. While none of its sources has changed, that reads one small JSON file and loads
 * neither a compiler nor the distro's code. Otherwise it compiles the config, and a process of its own evaluates it.
 * Throws a Failure (exit code 2) if that fails. `ignored` receives the paths of cache files that are damaged or of
 * another kind.
 */
export async function loadConfig(
  disk: Disk,
  index: StatIndex,
  locations: Locations,
  options: EvaluationOptions = {},
  ignored: Ignored = new Set(),
): Promise<LoadedConfig> {
  for (let attempt = 0; attempt <= ATTEMPTS; attempt += 1) {
    const cached = await cachedConfig(disk, index, locations, ignored)
    if (cached) return cached
    // A file system may store times in steps of seconds; until one is past, lbuild cannot exclude a change.
    if (attempt > 1) await pause(RETRY_MS)
    const isFirst = !disk.lstat(toRawPath(locations.cache))
    makeCache(disk, locations, ignored)
    // The new directory may change the time of the workspace's directory, which must be past before the compilation begins.
    if (isFirst) await pause(SETTLED_MS)
    await evaluate(disk, locations, options, ignored)
  }
  throw new Failure('build.config.ts, or lbuild itself, keeps changing', {
    hint: 'run the same command again when nothing writes to it',
    exitCode: 2,
  })
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Compiles and evaluates the config, and leaves the graph in the cache unless sources changed meanwhile. */
async function evaluate(
  disk: Disk,
  locations: Locations,
  options: EvaluationOptions,
  ignored: Ignored,
): Promise<void> {
  const { ConfigProcess } = await import('./configProcess.ts')
  const evaluator = options.evaluator ?? new ConfigProcess(locations, options)
  try {
    const { bundleConfig } = await import('./bundle.ts')
    const bundled = await bundleConfig(disk, locations)
    const digest = sha256(bundled.text)
    const bundle = `${locations.cache}/config/${digest}.mjs`
    // Written even if it exists: collecting skips bundles that were written recently.
    replaceCacheFile(disk, toRawPath(bundle), bundled.text, ignored)
    // Whatever the umask: the producers of root are another user.
    disk.chmod(toRawPath(bundle), 0o644)
    const modules = [...bundled.modules.values()]
    const [graph, recorded] = await Promise.all([
      evaluator.graph({ bundle, modules, compiler: bundled.compiler }),
      // Keeps this process busy while the other one evaluates, when that has received the whole request.
      setImmediate().then(bundled.recordProbes),
    ])
    const files: readonly SourceFile[] = [
      ...modules.map(({ path, digest: one, label }): SourceFile => [toRawPath(path), one, label]),
      ...bundled.packages.map((one): SourceFile => [toRawPath(`${one.directory}/package.json`), one.digest]),
      ...recorded.files,
      [toRawPath(bundle), digest],
    ]
    const contents = new Set(files.map(([path]) => path))
    const probes = recorded.probes((path) => contents.has(path))
    if (!recorded.settled) return
    const cachePath = toRawPath(`${locations.cache}/config/graph.json`)
    const cached: CacheFile = { locations, graph, bundle, files, probes }
    writeChecksummed(disk, cachePath, GRAPH_KIND, cached, { ignored })
  } finally {
    evaluator.end()
  }
}

/**
 * The graph from the cache, or undefined if one of its sources has changed. Runs none of the distro's code. Throws a
 * Failure (exit code 2) if there is no `build.config.ts`.
 */
export async function cachedConfig(
  disk: Disk,
  index: StatIndex,
  locations: Locations,
  ignored: Ignored = new Set(),
): Promise<LoadedConfig | undefined> {
  if (!disk.lstat(toRawPath(`${locations.root}/build.config.ts`))) throw noConfig(locations.root)
  const cached = readCache(disk, locations.cache, ignored)
  if (!cached || !isSamePlace(cached.locations, locations)) return undefined
  return areUnmoved(disk, cached.probes) && (await changedFiles(disk, index, cached.files)).length === 0
    ? cached
    : undefined
}

/** Creates the directory for the config in the cache. Throws a Failure (exit code 2) if the user may not create it. */
function makeCache(disk: Disk, { cache, sharedStore }: Locations, ignored: Ignored): void {
  const directory = `${cache}/config`
  try {
    if (sharedStore !== undefined) makeCacheInStore(disk, sharedStore, cache)
    makeCacheDirectory(disk, toRawPath(directory), toRawPath(directory), ignored)
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(errorCode(error))) throw error
    throw new Failure(`cannot write the cache: ${errorCode(error)}`, {
      facts: [['path', directory]],
      hint: 'set LBUILD_CACHE_DIR to a writable directory, and use --output DIR to publish to another one',
      exitCode: 2,
    })
  }
}

/** Reports a directory that is no distro's; `more` continues the headline. */
export const noConfig = (root: string, more = ''): Failure =>
  new Failure(`there is no build.config.ts here${more}`, {
    facts: [['directory', root]],
    hint: "go to your distro's directory, or name it with -C",
    exitCode: 2,
  })

/**
 * The cached graph, if this lbuild and this Node.js wrote it. The function does not validate the value, because the checksum
 * already proves that lbuild wrote it, and validation would load valibot.
 */
function readCache(disk: Disk, cache: string, ignored: Ignored = new Set()): CacheFile | undefined {
  const path = toRawPath(`${cache}/config/graph.json`)
  const found = readChecksummed(disk, path, GRAPH_KIND)
  if (found === 'damaged') ignored.add(path)
  return typeof found === 'string' ? undefined : (found.value as CacheFile)
}

const isSamePlace = (one: Locations, other: Locations): boolean =>
  one.root === other.root && one.home === other.home && one.cache === other.cache

/** How long a waiting build may use a bundle that `graph.json` no longer names, in nanoseconds. */
const IN_USE_NS = 3_600_000_000_000n

/**
 * Returns the bundles and temporary files in `cache/config/` that no build uses: not the bundle in `graph.json`, not
 * `bundle`, and only files older than `IN_USE_NS`.
 */
export function unusedBundles(
  disk: Disk,
  { cache }: Locations,
  bundle: string,
  now: bigint,
): readonly RawPath[] {
  const directory = toRawPath(`${cache}/config`)
  const named = readCache(disk, cache)?.bundle
  return listCacheDirectory(disk, directory)
    .map((name) => `${directory}/${name}`)
    .filter(
      (path) =>
        /\.mjs($|\.tmp-)|\/graph\.json\.tmp-/.test(path) &&
        path !== toRawPath(bundle) &&
        fromRawPath(path) !== named &&
        (disk.lstat(path)?.mtimeNs ?? now) < now - IN_USE_NS,
    )
    .sort()
}

/** The workspace's directory: the nearest one at or above `start` that holds a build.config.ts. */
export function findRoot(disk: Disk, start: string): string {
  for (let directory = start; ; directory = directory.slice(0, directory.lastIndexOf('/'))) {
    if (disk.lstat(toRawPath(`${directory}/build.config.ts`)))
      return fromRawPath(disk.realpath(toRawPath(directory || '/')))
    if (directory === '') return start
  }
}

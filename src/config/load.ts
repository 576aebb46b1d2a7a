import type { Bytes } from '../platform/bytes.ts'
import { fromBytes, toBytes } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import { replaceFile } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { readChecksummed, writeChecksummed } from '../platform/checksummedFile.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import type { StatIndex } from '../fingerprint/statIndex.ts'
import type { Graph } from '../graph/graph.ts'
import type { Locations } from './locations.ts'

/** A graph, and the bundle in which its producers are found. */
export interface LoadedConfig {
  readonly graph: Graph
  readonly bundle: string
  /** Every file that the graph was made of, and the bundle, with their digests. */
  readonly files: readonly SourceFile[]
}

export type SourceFile = readonly [path: Bytes, digest: Digest]

interface CacheFile extends LoadedConfig {
  readonly version: string
  /** What the cache is of: it holds absolute paths, and a copy of a workspace must not read the original's. */
  readonly locations: Locations
}

/** Moves when a cached graph of an older lbuild must not be used. */
const VERSION = `graph 7 ${process.versions.node}`

/**
 * Loads the graph of `build.config.ts`. While none of the files that it was made of has changed, that is one small
 * JSON file: neither a compiler nor the distro's code is loaded.
 */
export async function loadConfig(disk: Disk, index: StatIndex, locations: Locations): Promise<LoadedConfig> {
  const cached = await cachedConfig(disk, index, locations)
  if (cached) return cached
  const config = `${locations.root}/build.config.ts`
  const [{ bundleConfig }, { evaluateConfig }, { compileGraph }] = await Promise.all([
    import('./bundle.ts'),
    import('./evaluate.ts'),
    import('./compile.ts'),
  ])
  const bundled = await bundleConfig(config, locations)
  const digest = sha256(bundled.code)
  const bundle = `${locations.cache}/config/${digest}.mjs`
  const cachePath = toBytes(`${locations.cache}/config/graph.json`)
  disk.mkdir(toBytes(`${locations.cache}/config`))
  // Also where it is there already: one that was just written is not taken for one that nobody needs.
  replaceFile(disk, toBytes(bundle), bundled.code)
  // What the environment says is in no key: declarations are evaluated without one. The process of a producer evaluates
  // them with the variables that it declares, which are in its key.
  const environment = process.env
  process.env = {}
  const evaluated = await evaluateConfig(bundle).finally(() => (process.env = environment))
  const graph = compileGraph(evaluated, bundled)
  const sources = [...bundled.modules.values()].map((module): SourceFile => [
    toBytes(module.path),
    module.digest,
  ])
  const files = [...sources, [toBytes(bundle), digest] as const]
  writeChecksummed(disk, cachePath, { version: VERSION, locations, files, graph, bundle } satisfies CacheFile)
  return { graph, bundle, files }
}

/**
 * The graph as it was loaded before, or undefined when one of the files that it was made of has changed since. Runs
 * nothing of the distro's. Throws a Failure (exit code 2) where there is no `build.config.ts`.
 */
export async function cachedConfig(
  disk: Disk,
  index: StatIndex,
  locations: Locations,
): Promise<LoadedConfig | undefined> {
  if (!disk.lstat(toBytes(`${locations.root}/build.config.ts`))) throw noConfig(locations.root)
  const cached = readCache(disk, toBytes(`${locations.cache}/config/graph.json`), locations)
  return cached && (await changedFiles(disk, index, cached.files)).length === 0 ? cached : undefined
}

/** Says that a directory is no distro's, and what else is not there. */
export const noConfig = (root: string, more = ''): Failure =>
  new Failure(`there is no build.config.ts here${more}`, {
    facts: [['directory', root]],
    hint: "go to your distro's directory, or name it with -C",
    exitCode: 2,
  })

function readCache(disk: Disk, path: Bytes, { root, home, cache }: Locations): CacheFile | undefined {
  const found = readChecksummed(disk, path)
  if (typeof found === 'string') return undefined
  const cached = found.value as CacheFile
  if (cached.version !== VERSION) return undefined
  const { locations } = cached
  if (locations.root !== root || locations.home !== home || locations.cache !== cache) return undefined
  return cached
}

/** How long a bundle that nothing names may still be in use, by a build that waits or a config being read, in ns. */
const IN_USE_NS = 3_600_000_000_000n

/** The files of `config/` that no longer serve: neither `graph.json` nor `bundle` names them, and they are not new. */
export function unusedBundles(
  disk: Disk,
  { cache }: Locations,
  bundle: string,
  now: bigint,
): readonly Bytes[] {
  const directory = toBytes(`${cache}/config`)
  if (!disk.lstat(directory)) return []
  const found = readChecksummed(disk, `${directory}/graph.json`)
  const named = typeof found === 'string' ? undefined : (found.value as CacheFile).bundle
  return disk
    .readdir(directory)
    .map((name) => `${directory}/${name}`)
    .filter(
      (path) =>
        /\.mjs($|\.tmp-)|\/graph\.json\.tmp-/.test(path) &&
        path !== toBytes(bundle) &&
        fromBytes(path) !== named &&
        (disk.lstat(path)?.mtimeNs ?? now) < now - IN_USE_NS,
    )
    .sort()
}

/** Those of some files that are no longer there, or no longer what they were. */
export async function changedFiles(
  disk: Disk,
  index: StatIndex,
  files: readonly SourceFile[],
): Promise<readonly Bytes[]> {
  const moved: Bytes[] = []
  for (const [path, digest] of files) {
    const stat = disk.lstat(path)
    if (stat?.type !== 'file' || (await index.file(path, stat)) !== digest) moved.push(path)
  }
  return moved
}

/** The workspace's directory: the nearest one at or above `start` that holds a build.config.ts. */
export function findRoot(disk: Disk, start: string): string {
  for (let directory = start; ; directory = directory.slice(0, directory.lastIndexOf('/'))) {
    if (disk.lstat(toBytes(`${directory}/build.config.ts`)))
      return fromBytes(disk.realpath(toBytes(directory || '/')))
    if (directory === '') return start
  }
}

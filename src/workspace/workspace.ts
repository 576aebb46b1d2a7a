import { resolve } from 'node:path'
import { toBytes } from '../platform/bytes.ts'
import type { Bytes } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import { realDisk } from '../platform/disk.ts'
import type { SourceFile } from '../config/sourceFiles.ts'
import type { Locations } from '../config/locations.ts'
import { findRoot, loadConfig } from '../config/load.ts'
import { StatIndex } from '../fingerprint/statIndex.ts'
import type { Graph } from '../graph/graph.ts'
import { ObjectStore } from '../store/objects.ts'
import { strayTemporaries } from '../store/publish.ts'
import { RecordStore } from '../store/records.ts'

/** A distro's directory with all that lbuild keeps for it. */
export interface Workspace {
  readonly disk: Disk
  readonly locations: Locations
  readonly index: StatIndex
  readonly objects: ObjectStore
  readonly records: RecordStore
  readonly graph: Graph
  readonly bundle: string
  /** What graph and bundle were made of; nothing where they were not read from a config. */
  readonly files: readonly SourceFile[]
  /** Nanoseconds since 1970. */
  readonly now: () => bigint
}

export interface OpenOptions {
  /** Where to look for build.config.ts: here or above. */
  readonly start: string
  /** Where lbuild itself lies. */
  readonly home: string
  /** The directory for published outputs; `output/` in the root unless given. */
  readonly output?: string
  /** How the graph is got; `loadConfig` unless given. */
  readonly load?: typeof loadConfig
}

/** The clock that stamps files, in nanoseconds since 1970. */
const clock = (): bigint => BigInt(Date.now()) * 1_000_000n

/** Where things lie for a workspace at or above a directory; `LBUILD_CACHE_DIR` moves the cache, `--output` the outputs. */
export function locationsFor(disk: Disk, { start, home, output }: OpenOptions): Locations {
  const root = findRoot(disk, start)
  const elsewhere = process.env.LBUILD_CACHE_DIR
  return {
    root,
    home,
    cache: elsewhere ? resolve(elsewhere) : `${root}/cache`,
    output: output === undefined ? `${root}/output` : resolve(output),
  }
}

/** The temporaries that killed builds left in `output/`; see {@link strayTemporaries}. */
export function outputTemporaries({ disk, graph, locations }: Workspace): readonly Bytes[] {
  const outputs = graph.artifacts.flatMap((node) => Object.values(node.outputs))
  const paths = outputs.filter(({ published }) => published).map(({ path }) => toBytes(path))
  return strayTemporaries(disk, toBytes(locations.output), paths)
}

/** The directories of the workspace's own tools, as absolute paths. */
export const toolDirectories = ({ graph, locations }: Workspace): readonly string[] =>
  graph.toolPath.map((path) => (path.startsWith('/') ? path : `${locations.root}/${path}`))

/** Opens a workspace. Nothing is written but caches that only save time. */
export async function openWorkspace(options: OpenOptions, disk: Disk = realDisk): Promise<Workspace> {
  const locations = locationsFor(disk, options)
  const index = new StatIndex(disk, toBytes(`${locations.cache}/index`), clock)
  const { graph, bundle, files } = await (options.load ?? loadConfig)(disk, index, locations)
  return {
    disk,
    locations,
    index,
    objects: new ObjectStore(disk, toBytes(`${locations.cache}/objects`)),
    records: new RecordStore(disk, toBytes(`${locations.cache}/records`)),
    graph,
    bundle,
    files,
    now: clock,
  }
}

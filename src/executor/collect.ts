import { unusedBundles } from '../config/load.ts'
import type { Listener } from '../events/events.ts'
import { oldLogs } from '../events/logFiles.ts'
import type { BuildRecord } from '../planner/types.ts'
import type { Bytes } from '../platform/bytes.ts'
import { toBytes } from '../platform/bytes.ts'
import type { Digest } from '../platform/digest.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { readLockfile } from '../store/lockfile.ts'
import type { ObjectListing } from '../store/objects.ts'
import type { ListedRecord } from '../store/records.ts'
import type { Content, HeldRecord, Limits } from '../store/retention.ts'
import { objectsOf, retain } from '../store/retention.ts'
import { subjectOf } from '../planner/part.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** A file that goes, and what it takes on the disk, in bytes. */
export interface LooseFile {
  readonly path: Bytes
  readonly bytes: number
}

/** What would go from a store, and what would stay. */
export interface Collection {
  readonly records: readonly ListedRecord[]
  /** With what each takes on the disk, in bytes. */
  readonly objects: ReadonlyMap<Digest, number>
  /** Records that cannot be read. */
  readonly damaged: readonly LooseFile[]
  /** What dead processes left in the store, and damaged files that were put aside. */
  readonly leftovers: readonly LooseFile[]
  readonly logs: readonly LooseFile[]
  readonly bundles: readonly LooseFile[]
  readonly kept: { readonly records: number; readonly objects: number; readonly bytes: number }
}

/** What collecting needs of a workspace. */
export type CollectedWorkspace = Pick<
  Workspace,
  'disk' | 'locations' | 'objects' | 'records' | 'graph' | 'bundle' | 'now'
>

type Held = HeldRecord & { readonly listed: ListedRecord }

/**
 * Looks at the whole store and decides what is to go; changes nothing. Only for the holder of the workspace's lock.
 * Throws a Failure (exit code 2) for a lock of the distro that cannot be read: what it names must stay. `listing` is
 * given by who has just walked through the objects.
 */
export function planCollection(
  workspace: CollectedWorkspace,
  limits: Limits,
  listing: ObjectListing = workspace.objects.list(),
): Collection {
  const { disk, locations, records, graph, bundle, now } = workspace
  const files = (paths: readonly Bytes[]): LooseFile[] =>
    paths.map((path) => {
      const { size, allocated } = disk.lstat(path)!
      return { path, bytes: Math.min(size, allocated) }
    })
  const found = records.list()
  const held = found.records.map(heldRecord)
  const lockfiles = graph.lockfiles.flatMap(
    ({ path }) => readLockfile(disk, toBytes(`${locations.root}/${path}`))?.files ?? [],
  )
  const kept = retain<Held>(
    {
      records: held,
      objects: listing.objects,
      downloads: new Set(lockfiles.map(({ sha256 }) => sha256)),
      artifacts: new Set(graph.artifacts.map(({ name }) => name)),
    },
    limits,
  )
  return {
    records: held.filter((record) => !kept.records.has(record)).map(({ listed }) => listed),
    objects: new Map([...listing.objects].filter(([digest]) => !kept.objects.has(digest))),
    damaged: files(found.damaged),
    leftovers: files([...listing.leftovers, ...found.leftovers]),
    logs: files(oldLogs(disk, locations.cache)),
    bundles: files(unusedBundles(disk, locations, bundle, now())),
    kept: { records: kept.records.size, objects: kept.objects.size, bytes: kept.bytes },
  }
}

/**
 * Removes what was decided to go: records first and for good, then the objects that they named, so that whatever is
 * interrupted no record that is still there lacks an object.
 */
export function collect({ disk, objects, records }: CollectedWorkspace, collection: Collection): void {
  records.remove(collection.records)
  for (const digest of collection.objects.keys()) objects.remove(digest)
  const { damaged, leftovers, logs, bundles } = collection
  for (const { path } of [...damaged, ...leftovers, ...logs, ...bundles]) disk.removeTree(path)
}

/**
 * Collects after a build that ran something, when the objects have outgrown the limit, and says so. What cannot be
 * collected is a warning: the build itself is done.
 */
export function collectAfterBuild(workspace: Workspace, listener: Listener): void {
  const { objects, graph } = workspace
  try {
    const listing = objects.list()
    const sizes = [...listing.objects.values()]
    if (sizes.reduce((sum, bytes) => sum + bytes, 0) <= graph.store.maxSize) return
    const collection = planCollection(workspace, graph.store, listing)
    collect(workspace, collection)
    if (collection.objects.size > 0 || collection.records.length > 0)
      listener({ type: 'collected', ...collectedCounts(collection) })
  } catch (error) {
    if (!(error instanceof Failure) && errorCode(error) === '') throw error
    const message = error instanceof Failure ? error.headline : (error as Error).message
    listener({ type: 'warning', message: `the store was not collected: ${message}`, hint: 'lbuild gc' })
  }
}

/** How much goes in a collection: what it removes from the store. */
function collectedCounts(collection: Collection): { records: number; objects: number; bytes: number } {
  const { records, objects, leftovers } = collection
  const sizes = [...objects.values(), ...leftovers.map(({ bytes }) => bytes)]
  return { records: records.length, objects: objects.size, bytes: sizes.reduce((sum, one) => sum + one, 0) }
}

/** A record in the form in which it is decided about. */
function heldRecord(listed: ListedRecord): Held {
  const { record, publishedAt, latest } = listed
  const { artifact, key, outputs, parts } = record
  return {
    listed,
    artifact,
    key,
    publishedAt,
    latest,
    made: Object.entries(outputs).map(([name, { sha256 }]) => ({ output: `${artifact}.${name}`, sha256 })),
    madeOf: parts.flatMap((part): Content[] =>
      part.kind === 'output' ? [{ output: subjectOf(part), sha256: part.digest }] : [],
    ),
    seen: seenOf(record),
  }
}

/** The objects that tell what a record's run saw: listings of trees, and texts. No build reads them. */
export const seenOf = (record: BuildRecord): readonly Digest[] => [
  ...listingsOf(record).map(([, digest]) => digest),
  ...(record.sourceTexts === undefined ? [] : [record.sourceTexts]),
]

/** The listings of trees that a record's parts name: the path of each tree, and its listing's digest. */
export const listingsOf = ({ parts }: BuildRecord): readonly (readonly [path: string, digest: Digest])[] =>
  parts.flatMap((part) =>
    part.kind === 'tree' && part.digest !== null ? [[part.path, part.digest] as const] : [],
  )

/** Where the bytes of the objects that go come from: for each artifact its records, and what no record named. */
export function collectedShares(
  collection: Collection,
): { artifact?: string; records: number; objects: number; bytes: number }[] {
  const left = new Map(collection.objects)
  const byArtifact = new Map<string, { artifact: string; records: number; objects: number; bytes: number }>()
  for (const listed of collection.records) {
    const { artifact } = listed.record
    const share = byArtifact.get(artifact) ?? { artifact, records: 0, objects: 0, bytes: 0 }
    byArtifact.set(artifact, share)
    share.records += 1
    for (const digest of objectsOf(heldRecord(listed))) {
      if (!left.has(digest)) continue
      share.objects += 1
      share.bytes += left.get(digest)!
      left.delete(digest)
    }
  }
  const rest = [...left.values()].reduce((sum, bytes) => sum + bytes, 0)
  const shares = [...byArtifact.values()].sort((a, b) => (a.artifact < b.artifact ? -1 : 1))
  return left.size === 0 ? shares : [...shares, { records: 0, objects: left.size, bytes: rest }]
}

// Garbage collection of the store: decides what to remove, removes it, and counts the removed bytes of each artifact.
import { unusedBundles } from '../config/load.ts'
import { storeOf } from '../config/locations.ts'
import type { Listener } from '../events/events.ts'
import { oldLogs } from '../events/logFiles.ts'
import type { RunRecord } from '../planner/domain.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import { isDigest } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { quarantinedIn } from '../platform/quarantine.ts'
import { Failure } from '../platform/failure.ts'
import { readLockfile } from '../store/lockfile.ts'
import type { ObjectListing } from '../store/objects.ts'
import type { ListedRecord } from '../store/records.ts'
import { isRecordName, RECORD_KIND } from '../store/records.ts'
import type { Content, HeldRecord, Limits } from '../store/retention.ts'
import { objectsOf, retain } from '../store/retention.ts'
import type { LivingUser } from '../store/storeUsers.ts'
import { storeUsers } from '../store/storeUsers.ts'
import { subjectOf } from '../planner/part.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** A file to remove, and its size on disk in bytes. */
export interface LooseFile {
  readonly path: RawPath
  readonly bytes: number
}

/** What a collection removes and keeps. */
export interface Collection {
  readonly records: readonly ListedRecord[]
  /** The disk usage of each object, in bytes. */
  readonly objects: ReadonlyMap<Digest, number>
  /** Unreadable records. */
  readonly damaged: readonly LooseFile[]
  /** Temporaries of killed processes, quarantined files, and records of other versions of lbuild. */
  readonly leftovers: readonly LooseFile[]
  readonly logs: readonly LooseFile[]
  readonly bundles: readonly LooseFile[]
  readonly retained: { readonly records: number; readonly objects: number; readonly bytes: number }
}

/** The parts of a workspace that collecting needs. */
export type CollectedWorkspace = Pick<
  Workspace,
  'disk' | 'locations' | 'objects' | 'records' | 'graph' | 'bundle' | 'now'
>

type Held = HeldRecord & { readonly listed: ListedRecord }

/**
 * Decides what to remove from the store; changes nothing. Only a process that has the store to itself may call it. Throws a
 * Failure (exit code 2) for an unreadable lockfile, because the downloads that it names must stay, and a Failure if it
 * cannot read what another workspace needs. `listing` is the current listing of the objects, if the caller has one.
 */
export function planCollection(
  workspace: CollectedWorkspace,
  limits: Limits,
  listing: ObjectListing = workspace.objects.list(),
): Collection {
  const { disk, locations, records, graph, bundle, now } = workspace
  const files = (paths: readonly RawPath[]): LooseFile[] =>
    paths.flatMap((path) => {
      const stat = disk.lstat(path)
      return stat ? [{ path, bytes: Math.min(stat.size, stat.allocated) }] : []
    })
  const users = storeUsers(disk, storeOf(locations))
  const others = users.living.filter(({ cache }) => cache !== toRawPath(locations.cache))
  const found = records.list()
  const quarantined = ['', '/config', '/index'].flatMap((name) =>
    quarantinedIn(disk, toRawPath(`${locations.cache}${name}`)),
  )
  const published = new Set(others.flatMap(publishedBy))
  const held = found.records.map((listed) =>
    heldRecord(listed, published.has(recordId(listed.record.artifact, listed.record.key))),
  )
  const hasOtherVersions = others.some((user) => user.records !== RECORD_KIND)
  const foreign = new Set(hasOtherVersions ? found.leftovers.filter(isRecordName) : [])
  const needed = [...foreign].flatMap((path) => digestsIn(disk, path))
  const lockfiles = graph.lockfiles.flatMap(
    ({ path }) => readLockfile(disk, toRawPath(`${locations.root}/${path}`))?.files ?? [],
  )
  const kept = retain<Held>(
    {
      records: held,
      objects: listing.objects,
      pinned: new Set([
        ...lockfiles.map(({ sha256 }) => sha256),
        ...others.flatMap(({ downloads }) => downloads),
        ...needed,
      ]),
      artifacts: new Set([
        ...graph.artifacts.map(({ name }) => name),
        ...others.flatMap(({ artifacts }) => artifacts),
      ]),
    },
    limits,
  )
  return {
    records: held.filter((record) => !kept.records.has(record)).map(({ listed }) => listed),
    objects: new Map([...listing.objects].filter(([digest]) => !kept.objects.has(digest))),
    damaged: files(found.damaged),
    leftovers: files([
      ...listing.leftovers,
      ...found.leftovers.filter((path) => !foreign.has(path)),
      ...quarantined,
      ...users.vanished,
    ]),
    logs: files(oldLogs(disk, locations.cache)),
    bundles: files(unusedBundles(disk, locations, bundle, now())),
    retained: { records: kept.records.size, objects: kept.objects.size, bytes: kept.bytes },
  }
}

/**
 * Removes what a collection lists: first the records, durably, then the objects that they named, so that an interruption
 * never leaves a record without its objects.
 */
export function removeCollected(
  { disk, objects, records }: CollectedWorkspace,
  collection: Collection,
): void {
  records.remove(collection.records)
  for (const digest of collection.objects.keys()) objects.remove(digest)
  const { damaged, leftovers, logs, bundles } = collection
  for (const { path } of [...damaged, ...leftovers, ...logs, ...bundles]) removeIfAllowed(disk, path)
}

/** Removes a file, unless it is in a directory of another user, such as the one of a vanished workspace. */
function removeIfAllowed(disk: Disk, path: RawPath): void {
  try {
    disk.removeTree(path)
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errorCode(error))) throw error
  }
}

const recordId = (artifact: string, key: Digest): string => `${key} ${artifact}`

/** The records that a workspace published last. */
const publishedBy = ({ artifacts, published }: LivingUser): readonly string[] =>
  artifacts.flatMap((artifact) => {
    const key = published(artifact)
    return key === undefined ? [] : [recordId(artifact, key)]
  })

/** Every digest in the text of a file. In a record of another version of lbuild, each may name an object. */
const digestsIn = (disk: Disk, path: RawPath): readonly Digest[] => {
  const text = disk.readFile(path, 'untrusted').toString('latin1')
  return [...text.matchAll(/\b[0-9a-f]{64}\b/g)].map(([digest]) => digest).filter(isDigest)
}

/**
 * Collects after a build that ran a producer, if the objects exceed the size limit, and reports it. A failed collection
 * is only a warning, because the build itself succeeded.
 */
export function collectAfterBuild(workspace: Workspace, listener: Listener): void {
  const { objects, graph } = workspace
  try {
    const listing = objects.list()
    const sizes = [...listing.objects.values()]
    if (sizes.reduce((sum, bytes) => sum + bytes, 0) <= graph.store.maxSize) return
    const collection = planCollection(workspace, graph.store, listing)
    removeCollected(workspace, collection)
    if (collection.objects.size > 0 || collection.records.length > 0)
      listener({ type: 'collected', ...collectedCounts(collection) })
  } catch (error) {
    if (!(error instanceof Failure) && errorCode(error) === '') throw error
    const message = error instanceof Error ? error.message : String(error)
    listener({ type: 'warning', message: `the store was not collected: ${message}`, hint: 'run lbuild gc' })
  }
}

/** How much a collection removes from the store. */
function collectedCounts(collection: Collection): { records: number; objects: number; bytes: number } {
  const { records, objects, leftovers } = collection
  const sizes = [...objects.values(), ...leftovers.map(({ bytes }) => bytes)]
  return { records: records.length, objects: objects.size, bytes: sizes.reduce((sum, one) => sum + one, 0) }
}

/** A record as the retention policy sees it. `published` says that another workspace published it last. */
function heldRecord(listed: ListedRecord, published = false): Held {
  const { record, publishedAt } = listed
  const latest = listed.latest || published
  const { artifact, key, outputs, parts } = record
  return {
    listed,
    artifact,
    key,
    publishedAt,
    latest,
    outputs: Object.entries(outputs).map(([name, { sha256 }]) => ({ output: `${artifact}.${name}`, sha256 })),
    inputs: parts.flatMap((part): Content[] =>
      part.kind === 'output' ? [{ output: subjectOf(part), sha256: part.digest }] : [],
    ),
    describingObjects: describingObjectsOf(record),
  }
}

/** The objects that describe what a record's run saw: listings of trees and tools, and texts. Builds never read them. */
export const describingObjectsOf = (record: RunRecord): readonly Digest[] => [
  ...listingsOf(record).map(({ digest }) => digest),
  ...(record.sourceTexts === undefined ? [] : [record.sourceTexts]),
]

/** A tree or tool of a record; the digest is that of its listing. */
export interface ListedPart {
  readonly kind: 'tree' | 'tool'
  /** The path of a tree, or the name of a tool. */
  readonly name: string
  readonly digest: Digest
}

/** The trees and tools among a record's parts. */
export const listingsOf = ({ parts }: RunRecord): readonly ListedPart[] =>
  parts.flatMap((part) => {
    if ((part.kind !== 'tree' && part.kind !== 'tool') || part.digest === null) return []
    return [{ kind: part.kind, name: part.kind === 'tree' ? part.path : part.name, digest: part.digest }]
  })

/**
 * Returns, for each artifact, how many records, objects and bytes a collection removes. The last entry has no artifact:
 * it counts the objects that no record names.
 */
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
      const bytes = left.get(digest)
      if (bytes === undefined) continue
      share.objects += 1
      share.bytes += bytes
      left.delete(digest)
    }
  }
  const rest = [...left.values()].reduce((sum, bytes) => sum + bytes, 0)
  const shares = [...byArtifact.values()].sort((a, b) => (a.artifact < b.artifact ? -1 : 1))
  return left.size === 0 ? shares : [...shares, { records: 0, objects: left.size, bytes: rest }]
}

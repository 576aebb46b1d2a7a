// Verifies the store: reads every object and record, and quarantines damaged ones.
import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import type { ListedPart } from '../executor/garbageCollection.ts'
import { listingsOf } from '../executor/garbageCollection.ts'
import { Interrupted } from '../executor/sessionContext.ts'
import { readLockfile } from '../store/lockfile.ts'
import type { ListedRecord } from '../store/records.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** What refers to an object: an output, the listing of a tree or tool, the texts of a record, or a lockfile of the distro. */
export type ObjectReference =
  | {
      readonly kind: 'output' | ListedPart['kind']
      readonly artifact: string
      /** The name of the output or tool, or the path of the tree. */
      readonly name: string
      /** Whether it is the latest record of its artifact. */
      readonly latest: boolean
    }
  | { readonly kind: 'texts'; readonly artifact: string; readonly latest: boolean }
  | { readonly kind: 'download'; readonly lockfile: string; readonly name: string }

export interface DamagedFile {
  readonly kind: 'object' | 'record'
  /** The digest of an object, or the former path of a record, relative to the records' directory. */
  readonly name: RawPath
  /** The size in bytes. */
  readonly size: number
  /** Where the file is now. */
  readonly quarantinedAs: RawPath
  /** The artifact of a damaged record. */
  readonly artifact?: string
  readonly references: readonly ObjectReference[]
}

/** An object that the store lacks though a record refers to it. */
export interface MissingObject {
  readonly name: Digest
  readonly references: readonly ObjectReference[]
}

/** The result of {@link verifyStore}, and the JSON of `lbuild verify --store`. */
export interface StoreReport {
  /** The number of objects read. */
  readonly objects: number
  /** The number of records read. */
  readonly records: number
  /** The size of the objects read, in bytes. */
  readonly bytes: number
  readonly damaged: readonly DamagedFile[]
  /** Objects lost or quarantined before. A lockfile may name files that were never fetched; these are not missing. */
  readonly missing: readonly MissingObject[]
}

/**
 * Reads every object and record of the store in full, and quarantines damaged ones, so that they count as missing and
 * the next build restores or rebuilds them. Only a process that has the store to itself may call it. Throws a Failure (exit
 * code 2) if a lockfile of the distro cannot be read, and Interrupted when `signal` is aborted.
 */
export async function verifyStore(workspace: Workspace, signal: AbortSignal): Promise<StoreReport> {
  const { disk, objects, records } = workspace
  const listing = records.list()
  const references = referencesOf(workspace, listing.records)
  const damaged = listing.damaged.map((path) => quarantineRecord(workspace, path))
  const found = objects.list().objects
  let bytes = 0
  for (const digest of found.keys()) {
    // Reading is synchronous, so only this pause lets a signal arrive.
    await setImmediate()
    if (signal.aborted) throw new Interrupted('interrupted')
    const size = disk.lstat(objects.path(digest))?.size ?? 0
    bytes += size
    if (objects.isWhole(digest)) continue
    const quarantinedAs = objects.quarantine(digest)
    damaged.push({
      kind: 'object',
      name: digest,
      size,
      quarantinedAs,
      references: references.get(digest) ?? [],
    })
  }
  return {
    objects: found.size,
    records: listing.records.length + listing.damaged.filter((path) => !path.endsWith('/latest.json')).length,
    bytes,
    damaged,
    missing: [...references]
      .map(([name, all]) => ({ name, references: all.filter(({ kind }) => kind !== 'download') }))
      .filter((one) => one.references.length > 0 && !found.has(one.name)),
  }
}

function quarantineRecord({ disk, records }: Workspace, path: RawPath): DamagedFile {
  const name = path.split('/').slice(-2).join('/')
  const artifact = fromRawPath(name.slice(0, name.indexOf('/')))
  const size = disk.lstat(path)?.size ?? 0
  return { kind: 'record', name, artifact, size, quarantinedAs: records.quarantine(path), references: [] }
}

/**
 * Returns the references to each object. If several records of an artifact refer to it in the same way, returns only one
 * of them; it prefers the latest record.
 */
function referencesOf(
  { disk, locations, graph }: Workspace,
  records: readonly ListedRecord[],
): ReadonlyMap<Digest, readonly ObjectReference[]> {
  const references = new Map<Digest, ObjectReference[]>()
  const add = (digest: Digest, reference: ObjectReference): void => {
    const others = references.get(digest) ?? []
    if (!others.some((other) => isSameUse(other, reference))) references.set(digest, [...others, reference])
  }
  for (const { record, latest } of records.toSorted((a, b) => Number(b.latest) - Number(a.latest))) {
    const { artifact } = record
    for (const [name, { sha256 }] of Object.entries(record.outputs))
      add(sha256, { kind: 'output', artifact, name, latest })
    for (const { kind, name, digest } of listingsOf(record)) add(digest, { kind, artifact, name, latest })
    if (record.sourceTexts !== undefined) add(record.sourceTexts, { kind: 'texts', artifact, latest })
  }
  for (const { name: lockfile, path } of graph.lockfiles)
    for (const { name, sha256 } of readLockfile(disk, toRawPath(`${locations.root}/${path}`))?.files ?? [])
      add(sha256, { kind: 'download', lockfile, name })
  return references
}

/** Returns true if two references are equal apart from `latest`. */
const isSameUse = (a: ObjectReference, b: ObjectReference): boolean =>
  isDeepStrictEqual({ ...a, latest: true }, { ...b, latest: true })

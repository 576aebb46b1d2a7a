import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Bytes } from '../platform/bytes.ts'
import { fromBytes, toBytes } from '../platform/bytes.ts'
import type { Digest } from '../platform/digest.ts'
import { listingsOf } from '../executor/collect.ts'
import { Interrupted } from '../executor/context.ts'
import { readLockfile } from '../store/lockfile.ts'
import type { ListedRecord } from '../store/records.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Who names an object: an output, the listing of a tree or the texts of an artifact's record, or a lock of the distro. */
export type ObjectUser =
  | {
      readonly kind: 'output' | 'tree'
      readonly artifact: string
      /** The name of the output, or the path of the tree. */
      readonly name: string
      /** Whether the record is the artifact's that was published last. */
      readonly latest: boolean
    }
  | { readonly kind: 'texts'; readonly artifact: string; readonly latest: boolean }
  | { readonly kind: 'download'; readonly lock: string; readonly name: string }

export interface DamagedInStore {
  readonly kind: 'object' | 'record'
  /** The digest of an object, or where a record was, from the records' directory. */
  readonly name: Bytes
  /** In bytes. */
  readonly size: number
  /** Where it was put. */
  readonly aside: Bytes
  /** The artifact whose record it was, for a record. */
  readonly artifact?: string
  readonly users: readonly ObjectUser[]
}

/** An object that a record names and the store lacks. */
export interface MissingInStore {
  readonly name: Digest
  readonly users: readonly ObjectUser[]
}

export interface StoreReport {
  readonly objects: number
  readonly records: number
  /** How much was read of objects, in bytes. */
  readonly bytes: number
  readonly damaged: readonly DamagedInStore[]
  /** What was lost or put aside before. A lock may name what was never fetched: that is not missing. */
  readonly missing: readonly MissingInStore[]
}

/**
 * Reads every object and every record of the store in full, and puts aside what is damaged, so that it counts as absent:
 * the next build restores or makes what is missing. Only for the holder of the workspace's lock. Throws a Failure (exit
 * code 2) for a lock of the distro that cannot be read.
 */
export async function verifyStore(workspace: Workspace, signal: AbortSignal): Promise<StoreReport> {
  const { disk, objects, records, locations } = workspace
  const listing = records.list()
  const users = usersOf(workspace, listing.records)
  const damaged: DamagedInStore[] = listing.damaged.map((path) => {
    const name = path.slice(toBytes(`${locations.cache}/records/`).length)
    const { size } = disk.lstat(path)!
    const artifact = fromBytes(name.slice(0, name.indexOf('/')))
    return { kind: 'record', name, artifact, size, aside: records.quarantine(path), users: [] }
  })
  const found = objects.list().objects
  const digests = [...found.keys()]
  let bytes = 0
  for (const digest of digests) {
    // Files are read without a pause; between two of them a signal is seen.
    await setImmediate()
    if (signal.aborted) throw new Interrupted('interrupted')
    const { size } = disk.lstat(objects.path(digest))!
    bytes += size
    if (objects.isWhole(digest)) continue
    const aside = objects.quarantine(digest)
    damaged.push({ kind: 'object', name: digest, size, aside, users: users.get(digest) ?? [] })
  }
  return {
    objects: digests.length,
    records: listing.records.length + listing.damaged.filter((path) => !path.endsWith('/latest.json')).length,
    bytes,
    damaged,
    missing: [...users]
      .map(([name, all]) => ({ name, users: all.filter(({ kind }) => kind !== 'download') }))
      .filter((one) => one.users.length > 0 && !found.has(one.name)),
  }
}

/** Who names each object; of records that name it in the same way one is told, the latest before others. */
function usersOf(
  { disk, locations, graph }: Workspace,
  records: readonly ListedRecord[],
): ReadonlyMap<Digest, readonly ObjectUser[]> {
  const users = new Map<Digest, ObjectUser[]>()
  const add = (digest: Digest, user: ObjectUser): void => {
    const others = users.get(digest) ?? []
    if (!others.some((other) => isSameUse(other, user))) users.set(digest, [...others, user])
  }
  for (const { record, latest } of records.toSorted((a, b) => Number(b.latest) - Number(a.latest))) {
    const { artifact } = record
    for (const [name, { sha256 }] of Object.entries(record.outputs))
      add(sha256, { kind: 'output', artifact, name, latest })
    for (const [name, digest] of listingsOf(record)) add(digest, { kind: 'tree', artifact, name, latest })
    if (record.sourceTexts !== undefined) add(record.sourceTexts, { kind: 'texts', artifact, latest })
  }
  for (const { name: lock, path } of graph.lockfiles)
    for (const { name, sha256 } of readLockfile(disk, toBytes(`${locations.root}/${path}`))?.files ?? [])
      add(sha256, { kind: 'download', lock, name })
  return users
}

/** Whether two name an object in the same way, be it in records of different builds. */
const isSameUse = (a: ObjectUser, b: ObjectUser): boolean =>
  isDeepStrictEqual({ ...a, latest: true }, { ...b, latest: true })

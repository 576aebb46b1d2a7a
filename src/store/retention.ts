// Decides which records and objects a store retains.
import type { Digest } from '../platform/digest.ts'
import { byBytes } from '../platform/rawPath.ts'

/** The part of a record that retention depends on. */
export interface HeldRecord {
  readonly artifact: string
  readonly key: Digest
  /** When it was published last, in nanoseconds since 1970, by a clock that may have been wrong. */
  readonly publishedAt: bigint
  /** Whether a workspace that uses the store published it last. */
  readonly latest: boolean
  /** The outputs that it produced. */
  readonly outputs: readonly Content[]
  /** The outputs of other artifacts that it took. */
  readonly inputs: readonly Content[]
  /** Objects that only explanations need: listings of trees, and source texts. */
  readonly describingObjects: readonly Digest[]
}

/** The content of one output. */
export interface Content {
  /** `ARTIFACT.OUTPUT` */
  readonly output: string
  readonly sha256: Digest
}

/** What a store contains, and who needs it. */
export interface Holdings<R extends HeldRecord = HeldRecord> {
  readonly records: readonly R[]
  /** The disk usage of each object, in bytes. */
  readonly objects: ReadonlyMap<Digest, number>
  /** Objects that must stay whatever the records are, such as those that lockfiles name. */
  readonly pinned: ReadonlySet<Digest>
  /** The artifacts that the workspaces declare now. */
  readonly artifacts: ReadonlySet<string>
}

export interface Limits {
  /** The number of records of each artifact. */
  readonly keep: number
  /** The size of all objects together, in bytes. */
  readonly maxSize: number
}

/** What a store retains; everything else is removed. */
export interface Retention<R extends HeldRecord = HeldRecord> {
  readonly records: ReadonlySet<R>
  readonly objects: ReadonlySet<Digest>
  /** The disk usage of the retained objects. */
  readonly bytes: number
}

/**
 * Decides what a store retains: the newest `keep` records of each artifact, minus the oldest while their objects exceed
 * `maxSize`. It always retains the latest records of every declared artifact, or the newest one if there is no latest. For
 * each output that a retained latest record used, it also retains the newest record that produced this output, and so on
 * for that record. So lbuild can restore every current output. Pure and idempotent.
 */
export function retain<R extends HeldRecord>(
  { records, objects, pinned, artifacts }: Holdings<R>,
  { keep, maxSize }: Limits,
): Retention<R> {
  const byArtifact = new Map<string, R[]>()
  for (const record of records.toSorted(newestFirst))
    byArtifact.set(record.artifact, [...(byArtifact.get(record.artifact) ?? []), record])
  const needed = neededRecords(byArtifact, artifacts)
  const retained = new Set([...needed, ...[...byArtifact.values()].flatMap((own) => own.slice(0, keep))])
  const users = new Map([...pinned].map((digest) => [digest, 1]))
  for (const record of retained)
    for (const digest of objectsOf(record)) users.set(digest, (users.get(digest) ?? 0) + 1)
  let bytes = 0
  for (const digest of users.keys()) bytes += objects.get(digest) ?? 0
  for (const record of [...retained].sort(oldestFirst)) {
    if (bytes <= maxSize) break
    if (needed.has(record)) continue
    retained.delete(record)
    for (const digest of objectsOf(record)) {
      const left = (users.get(digest) ?? 0) - 1
      if (left > 0) users.set(digest, left)
      else {
        users.delete(digest)
        bytes -= objects.get(digest) ?? 0
      }
    }
  }
  return {
    records: retained,
    objects: new Set([...users.keys()].filter((digest) => objects.has(digest))),
    bytes,
  }
}

/** Every object that a record names. */
export const objectsOf = ({ outputs, describingObjects }: HeldRecord): ReadonlySet<Digest> =>
  new Set([...outputs.map(({ sha256 }) => sha256), ...describingObjects])

/** The latest records of each declared artifact, and the records that produced their inputs. */
function neededRecords<R extends HeldRecord>(
  byArtifact: ReadonlyMap<string, readonly R[]>,
  artifacts: ReadonlySet<string>,
): ReadonlySet<R> {
  const producers = new Map<string, R>()
  for (const record of [...byArtifact.values()].flat())
    for (const content of record.outputs)
      if (!producers.has(contentId(content))) producers.set(contentId(content), record)
  const needed = new Set(
    [...byArtifact].flatMap(([name, own]) => {
      if (!artifacts.has(name)) return []
      const latest = own.filter((record) => record.latest)
      return latest.length > 0 ? latest : own.slice(0, 1)
    }),
  )
  // Iterating over a set also visits elements that are added during the loop.
  for (const record of needed)
    for (const content of record.inputs) {
      const producer = producers.get(contentId(content))
      if (producer) needed.add(producer)
    }
  return needed
}

const contentId = ({ output, sha256 }: Content): string => `${sha256} ${output}`

/** The latest records of an artifact come first; ties are broken by name and key. */
const newestFirst = (a: HeldRecord, b: HeldRecord): number =>
  Number(b.latest) - Number(a.latest) || oldestFirst(b, a)

const oldestFirst = (a: HeldRecord, b: HeldRecord): number =>
  compare(a.publishedAt, b.publishedAt) || byBytes(a.artifact, b.artifact) || byBytes(a.key, b.key)

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

import type { Digest } from '../platform/digest.ts'
import { byBytes } from '../platform/bytes.ts'

/** A record, as far as it decides what is kept. */
export interface HeldRecord {
  readonly artifact: string
  readonly key: Digest
  /** When it was published last, in nanoseconds since 1970, by the clock of the machine, which may have been wrong. */
  readonly publishedAt: bigint
  /** Whether it is its artifact's that was published last. */
  readonly latest: boolean
  /** What it made, as `ARTIFACT.OUTPUT` and content. */
  readonly made: readonly Content[]
  /** What of other artifacts it was made of, in the same form. */
  readonly madeOf: readonly Content[]
  /** Objects that tell what it was made of: listings of trees, and texts. */
  readonly seen: readonly Digest[]
}

/** The content of one output. */
export interface Content {
  readonly output: string
  readonly sha256: Digest
}

/** What a store holds, and who needs it. */
export interface Holdings<R extends HeldRecord = HeldRecord> {
  readonly records: readonly R[]
  /** What each object takes on the disk, in bytes. */
  readonly objects: ReadonlyMap<Digest, number>
  /** Objects that the lockfiles of the distro name. */
  readonly downloads: ReadonlySet<Digest>
  /** The artifacts that the distro has now. */
  readonly artifacts: ReadonlySet<string>
}

export interface Limits {
  /** How many records of each artifact. */
  readonly keep: number
  /** Of all objects together, in bytes. */
  readonly maxSize: number
}

/** What is kept of a store. Everything else goes. */
export interface Retention<R extends HeldRecord = HeldRecord> {
  readonly records: ReadonlySet<R>
  readonly objects: ReadonlySet<Digest>
  /** What the kept objects take together. */
  readonly bytes: number
}

/**
 * Decides what a store keeps: the newest `keep` records of each artifact, less the oldest of them while what the kept
 * ones name takes more than `maxSize`. Kept in any case is the latest record of every artifact that the distro has,
 * and for every output that such a record was made of the newest record that made it, and so on downwards: with these
 * everything that was published last can be restored. Pure; deciding again about what is kept drops nothing more.
 */
export function retain<R extends HeldRecord>(
  { records, objects, downloads, artifacts }: Holdings<R>,
  { keep, maxSize }: Limits,
): Retention<R> {
  const byArtifact = new Map<string, R[]>()
  for (const record of records.toSorted(newestFirst))
    byArtifact.set(record.artifact, [...(byArtifact.get(record.artifact) ?? []), record])
  const needed = neededRecords(byArtifact, artifacts)
  const kept = new Set([...needed, ...[...byArtifact.values()].flatMap((own) => own.slice(0, keep))])
  const users = new Map([...downloads].map((digest) => [digest, 1]))
  for (const record of kept)
    for (const digest of objectsOf(record)) users.set(digest, (users.get(digest) ?? 0) + 1)
  let bytes = 0
  for (const digest of users.keys()) bytes += objects.get(digest) ?? 0
  for (const record of [...kept].sort(oldestFirst)) {
    if (bytes <= maxSize) break
    if (needed.has(record)) continue
    kept.delete(record)
    for (const digest of objectsOf(record)) {
      const left = users.get(digest)! - 1
      if (left > 0) users.set(digest, left)
      else {
        users.delete(digest)
        bytes -= objects.get(digest) ?? 0
      }
    }
  }
  return { records: kept, objects: new Set([...users.keys()].filter((digest) => objects.has(digest))), bytes }
}

/** Every object that a record names, each once. */
export const objectsOf = ({ made, seen }: HeldRecord): ReadonlySet<Digest> =>
  new Set([...made.map(({ sha256 }) => sha256), ...seen])

/** The latest record of each artifact of the distro, and of what these were made of. */
function neededRecords<R extends HeldRecord>(
  byArtifact: ReadonlyMap<string, readonly R[]>,
  artifacts: ReadonlySet<string>,
): ReadonlySet<R> {
  const makers = new Map<string, R>()
  for (const record of [...byArtifact.values()].flat())
    for (const content of record.made)
      if (!makers.has(contentId(content))) makers.set(contentId(content), record)
  const needed = new Set([...byArtifact].flatMap(([name, own]) => (artifacts.has(name) ? [own[0]!] : [])))
  // A set is walked through to its end, with what is added on the way.
  for (const record of needed)
    for (const content of record.madeOf) {
      const maker = makers.get(contentId(content))
      if (maker) needed.add(maker)
    }
  return needed
}

const contentId = ({ output, sha256 }: Content): string => `${sha256} ${output}`

/** The latest before all others of its artifact; of what is equally old, always the same first. */
const newestFirst = (a: HeldRecord, b: HeldRecord): number =>
  Number(b.latest) - Number(a.latest) || oldestFirst(b, a)

const oldestFirst = (a: HeldRecord, b: HeldRecord): number =>
  compare(a.publishedAt, b.publishedAt) || byBytes(a.artifact, b.artifact) || byBytes(a.key, b.key)

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

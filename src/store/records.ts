// The records of past runs, on disk.
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import type { Digest } from '../platform/digest.ts'
import { isDigest } from '../platform/digest.ts'
import { isTemporary, syncDirectory } from '../platform/disk.ts'
import type { FileKind } from '../platform/checksummedFile.ts'
import { readChecksummed, writeChecksummed } from '../platform/checksummedFile.ts'
import { isObject, isRecordOf } from '../platform/json.ts'
import { isPart } from '../planner/part.ts'
import type { Ignored } from '../platform/quarantine.ts'
import {
  listCacheDirectory,
  makeCacheDirectory,
  quarantine,
  quarantinedIn,
  QUARANTINE_PREFIX,
} from '../platform/quarantine.ts'
import type { BuildRecord, LatestLookup, RecordLookup } from '../planner/domain.ts'
import { recordOf } from '../planner/domain.ts'

/** The kind of a record's file; a record of another version counts as absent. */
export const RECORD_KIND = 'record 6'

/** The kind of the file that names an artifact's latest record. */
const LATEST_KIND = 'latest 1'

/** A record, when it was published, and whether it is the latest. */
export interface ListedRecord {
  readonly record: BuildRecord
  /** When it was published last, in nanoseconds since 1970. */
  readonly publishedAt: bigint
  readonly latest: boolean
}

/** Everything in a record store. */
export interface RecordListing {
  readonly records: readonly ListedRecord[]
  /** Files named like records, or `latest.json`, that cannot be read. */
  readonly damaged: readonly RawPath[]
  /** Quarantined files, temporary files of processes that died, and records of other versions of lbuild. */
  readonly leftovers: readonly RawPath[]
}

/** The key in the name of a record's file. */
function keyIn(name: RawPath): Digest | undefined {
  const key = name.replace(/\.json$/, '')
  return isDigest(key) && key !== name ? key : undefined
}

/**
 * The records of past runs, `records/ARTIFACT/KEY.json`. `latest.json` in the same directory contains the key of the
 * record that the last build of this artifact wrote or restored. lbuild writes it also for an artifact without published
 * outputs.
 */
export class RecordStore {
  readonly #disk: Disk
  readonly #directory: RawPath
  readonly #ignored: Ignored
  readonly #read = new Map<RawPath, BuildRecord>()

  /** `ignored` receives the paths of what the store quarantines because it stands in the place of a record. */
  constructor(disk: Disk, directory: RawPath, ignored: Ignored = new Set()) {
    this.#disk = disk
    this.#directory = directory
    this.#ignored = ignored
  }

  find(artifact: string, key: Digest): RecordLookup {
    const path = this.#path(artifact, key)
    const known = this.#read.get(path)
    if (known) return known
    const found = readChecksummed(this.#disk, path, RECORD_KIND)
    if (typeof found === 'string') return found
    const record = found.value
    if (!isRecord(record) || record.artifact !== artifact || record.key !== key) return 'damaged'
    this.#read.set(path, record)
    return record
  }

  /** The latest record, if it can be read. */
  latest(artifact: string): BuildRecord | undefined {
    return recordOf(this.findLatest(artifact))
  }

  /** The latest record, or why it cannot be read. */
  findLatest(artifact: string): LatestLookup {
    const key = this.#latestKey(artifact)
    if (!isDigest(key)) return key
    const found = this.find(artifact, key)
    return found === 'absent' ? 'lost' : found
  }

  /** The latest record of every artifact that was ever built. */
  allLatest(): readonly BuildRecord[] {
    return this.#artifacts().flatMap((artifact) => this.latest(artifact) ?? [])
  }

  /** The readable records of one artifact. */
  listOf(artifact: string): readonly BuildRecord[] {
    return listCacheDirectory(this.#disk, this.#path(artifact)).flatMap((name) => {
      const key = keyIn(name)
      return key === undefined ? [] : (recordOf(this.find(artifact, key)) ?? [])
    })
  }

  /** Reads every record. Only the holder of the workspace lock may treat temporary files as leftovers. */
  list(): RecordListing {
    const records: ListedRecord[] = []
    const damaged: RawPath[] = []
    const leftovers: RawPath[] = [...quarantinedIn(this.#disk, this.#directory)]
    for (const artifact of this.#artifacts()) {
      const latest = this.#latestKey(artifact)
      if (latest === 'damaged') damaged.push(this.#path(artifact, 'latest'))
      for (const name of this.#disk.readdir(this.#path(artifact)).sort()) {
        const path = `${this.#path(artifact)}/${name}`
        const key = keyIn(name)
        if (isTemporary(name) || name.startsWith(QUARANTINE_PREFIX)) leftovers.push(path)
        if (key === undefined) continue
        const record = this.find(artifact, key)
        if (record === 'damaged') damaged.push(path)
        // A record that another version of lbuild wrote counts as absent.
        else if (record === 'absent') leftovers.push(path)
        else
          records.push({
            record,
            publishedAt: this.#disk.lstat(path)?.mtimeNs ?? 0n,
            latest: latest === key,
          })
      }
    }
    return { records, damaged, leftovers }
  }

  /** Removes records durably: after this returns, no power cut brings one back. */
  remove(records: readonly ListedRecord[]): void {
    const directories = new Set<RawPath>()
    for (const { record, latest } of records) {
      const { artifact, key } = record
      if (latest) this.#disk.unlink(this.#path(artifact, 'latest'))
      this.#disk.unlink(this.#path(artifact, key))
      this.#read.delete(this.#path(artifact, key))
      directories.add(this.#path(artifact))
    }
    for (const directory of directories) syncDirectory(this.#disk, directory)
    for (const directory of directories)
      if (this.#disk.readdir(directory).length === 0) this.#disk.removeTree(directory)
  }

  /** Renames a damaged file so that it counts as absent. Returns its new path. */
  quarantine(path: RawPath): RawPath {
    return quarantine(this.#disk, path)
  }

  /**
   * Writes a record. Writes it again even if it exists, because retention reads the file's mtime as the time of the last
   * publication.
   */
  add(record: BuildRecord): void {
    this.#write(record.artifact, record.key, RECORD_KIND, record)
    this.#read.set(this.#path(record.artifact, record.key), record)
  }

  setLatest(artifact: string, key: Digest): void {
    this.#write(artifact, 'latest', LATEST_KIND, { key })
  }

  #write(artifact: string, name: string, kind: FileKind, value: unknown): void {
    makeCacheDirectory(this.#disk, this.#directory, this.#path(artifact), this.#ignored)
    writeChecksummed(this.#disk, this.#path(artifact, name), kind, value, { ignored: this.#ignored })
  }

  #artifacts(): readonly string[] {
    return listCacheDirectory(this.#disk, this.#directory)
      .toSorted()
      .filter((name) => !name.startsWith(QUARANTINE_PREFIX))
      .filter((name) => this.#disk.lstat(`${this.#directory}/${name}`)?.type === 'directory')
      .map(fromRawPath)
  }

  #latestKey(artifact: string): Digest | 'absent' | 'damaged' {
    const found = readChecksummed(this.#disk, this.#path(artifact, 'latest'), LATEST_KIND)
    if (typeof found === 'string') return found
    return isObject(found.value) && isDigest(found.value['key']) ? found.value['key'] : 'damaged'
  }

  /** The directory of an artifact's records, or one file there. */
  #path(artifact: string, name?: string): RawPath {
    const directory = `${this.#directory}/${toRawPath(artifact)}`
    return name === undefined ? directory : `${directory}/${name}.json`
  }
}

const isText = (value: unknown): value is string => typeof value === 'string'
/** Whether a path stays below the directory that it starts from. */
const isPathBelow = (path: string): boolean =>
  path.split('/').every((part) => !['', '.', '..'].includes(part))
const areParts = (value: unknown): boolean => Array.isArray(value) && value.every(isPart)
const isOutput = (value: unknown): boolean =>
  isObject(value) &&
  isText(value['path']) &&
  isPathBelow(value['path']) &&
  typeof value['published'] === 'boolean' &&
  isDigest(value['sha256']) &&
  typeof value['size'] === 'number'

/** Checks a record that was read. By hand, since every no-op reads records and loading a schema library takes 10 ms. */
const isRecord = (value: unknown): value is BuildRecord =>
  isObject(value) &&
  ['artifact', 'build', 'startedAt'].every((field) => isText(value[field])) &&
  isDigest(value['key']) &&
  areParts(value['parts']) &&
  isRecordOf(value['outputs'], isOutput) &&
  isRecordOf(value['modules'], isDigest) &&
  isRecordOf(value['lockfileRequests'], areParts) &&
  isRecordOf(value['toolVersions'], isText) &&
  (value['sourceTexts'] === undefined || isDigest(value['sourceTexts'])) &&
  typeof value['seconds'] === 'number' &&
  typeof value['sandboxed'] === 'boolean'

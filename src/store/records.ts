// The records of past runs, on disk.
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import type { Digest } from '../platform/digest.ts'
import { isDigest } from '../platform/digest.ts'
import { parent, syncDirectory } from '../platform/disk.ts'
import { readChecksummed, writeChecksummed } from '../platform/checksummedFile.ts'
import { isObject, isRecordOf } from '../platform/json.ts'
import { isPart } from '../planner/part.ts'
import type { Ignored } from '../platform/quarantine.ts'
import { listCacheDirectory, makeCacheDirectory, quarantine, quarantinedIn } from '../platform/quarantine.ts'
import type { LatestLookup, RecordLookup, RunRecord } from '../planner/domain.ts'
import { recordOf } from '../planner/domain.ts'
import { artifactsIn, LatestRecords, leftoversIn } from './latestRecords.ts'

/** The kind of a record's file; a record of another version counts as absent. */
export const RECORD_KIND = 'record 7'

/** A record, when it was published, and whether it is the latest. */
export interface ListedRecord {
  readonly record: RunRecord
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

/** Whether the name of a file is that of a record, of whatever version. */
export const isRecordName = (path: RawPath): boolean =>
  keyIn(path.slice(path.lastIndexOf('/') + 1)) !== undefined

/**
 * The records of past runs, `records/ARTIFACT/KEY.json`, and with {@link LatestRecords} those that the workspace published
 * last. The latest record of an artifact is the one that its last build wrote or restored, also if it has no published
 * outputs.
 */
export class RecordStore {
  readonly #disk: Disk
  readonly #directory: RawPath
  readonly #latest: LatestRecords
  readonly #ignored: Ignored
  /** Whether the files `latest.json` are in the same directories as the records. */
  readonly #hasOwnLatest: boolean
  readonly #read = new Map<RawPath, RunRecord>()

  /**
   * `latestIn` is the directory for the files `ARTIFACT/latest.json` of one workspace, `directory` unless given. `ignored`
   * receives the paths of what the store quarantines because it stands in the place of a record.
   */
  constructor(
    disk: Disk,
    directory: RawPath,
    { latestIn = directory, ignored = new Set() }: { latestIn?: RawPath; ignored?: Ignored | undefined } = {},
  ) {
    this.#disk = disk
    this.#directory = directory
    this.#latest = new LatestRecords(disk, latestIn, ignored)
    this.#hasOwnLatest = latestIn === directory
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
  latest(artifact: string): RunRecord | undefined {
    return recordOf(this.findLatest(artifact))
  }

  /** The latest record, or why it cannot be read. */
  findLatest(artifact: string): LatestLookup {
    const key = this.#latest.key(artifact)
    if (!isDigest(key)) return key === 'absent' && !this.#hasOwnLatest ? 'unpublished' : key
    const found = this.find(artifact, key)
    return found === 'absent' ? 'lost' : found
  }

  /** The latest record of every artifact that was ever built. */
  allLatest(): readonly RunRecord[] {
    return this.#latest.artifacts().flatMap((artifact) => this.latest(artifact) ?? [])
  }

  /** The readable records of one artifact. */
  listOf(artifact: string): readonly RunRecord[] {
    return listCacheDirectory(this.#disk, this.#path(artifact)).flatMap((name) => {
      const key = keyIn(name)
      return key === undefined ? [] : (recordOf(this.find(artifact, key)) ?? [])
    })
  }

  /** Reads every record. Only a process that has the store to itself may treat temporary files as leftovers. */
  list(): RecordListing {
    const records: ListedRecord[] = []
    const damaged: RawPath[] = []
    const leftovers: RawPath[] = [...quarantinedIn(this.#disk, this.#directory)]
    for (const artifact of artifactsIn(this.#disk, this.#directory)) {
      const latest = this.#latest.key(artifact)
      if (!this.#hasOwnLatest) leftovers.push(...leftoversIn(this.#disk, this.#path(artifact)))
      for (const name of this.#disk.readdir(this.#path(artifact)).sort()) {
        const path = `${this.#path(artifact)}/${name}`
        const key = keyIn(name)
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
    for (const artifact of this.#latest.artifacts()) {
      const problems = this.#latest.problems(artifact)
      damaged.push(...problems.damaged)
      leftovers.push(...problems.leftovers)
    }
    return { records, damaged, leftovers }
  }

  /** Removes records durably: after this returns, no power cut brings one back. */
  remove(records: readonly ListedRecord[]): void {
    const directories = new Set<RawPath>()
    for (const { record, latest } of records) {
      const { artifact, key } = record
      if (latest) this.#latest.remove(artifact)
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
  add(record: RunRecord): void {
    const path = this.#path(record.artifact, record.key)
    makeCacheDirectory(this.#disk, this.#directory, parent(path), this.#ignored)
    writeChecksummed(this.#disk, path, RECORD_KIND, record, { ignored: this.#ignored })
    this.#read.set(path, record)
  }

  setLatest(artifact: string, key: Digest): void {
    this.#latest.set(artifact, key)
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
const isRecord = (value: unknown): value is RunRecord =>
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

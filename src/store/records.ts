import type { Json } from '../declare/params.ts'
import type { Bytes } from '../host/bytes.ts'
import { fromBytes, toBytes } from '../host/bytes.ts'
import type { Disk } from '../host/disk.ts'
import type { Digest } from '../host/digest.ts'
import { readSealed, writeSealed } from '../host/sealed.ts'

/** The kinds of things that a producer can see. */
export type PartKind =
  'code' | 'platform' | 'param' | 'file' | 'tree' | 'output' | 'downloads' | 'tool' | 'env'

/** One part of a key: something that the producer can see, under its name in the declaration. */
export interface Part {
  readonly kind: PartKind
  readonly name: string
  /** What is compared: a digest, or for a param its value. */
  readonly value: Json
  /** The path, the tool's path or the output's origin, for people; not compared. */
  readonly from?: string
}

export interface RecordedOutput {
  readonly path: string
  readonly published: boolean
  readonly sha256: Digest
  /** In bytes. */
  readonly size: number
}

/** What one past run of an artifact saw and made. */
export interface BuildRecord {
  readonly version: 1
  readonly artifact: string
  readonly key: Digest
  readonly parts: readonly Part[]
  readonly outputs: Readonly<Record<string, RecordedOutput>>
  /** The digest of each module of the producer's code, by its label. */
  readonly modules: Readonly<Record<string, Digest>>
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly seconds: number
  /** Whether the run was confined to what it declares. */
  readonly sandboxed: boolean
}

/** What is found under a key. */
export type Found = BuildRecord | 'absent' | 'damaged'

/** The records of past runs, `records/ARTIFACT/KEY.json`, and beside them which one was published last. */
export class RecordStore {
  readonly #disk: Disk
  readonly #directory: Bytes
  readonly #read = new Map<Bytes, BuildRecord>()

  constructor(disk: Disk, directory: Bytes) {
    this.#disk = disk
    this.#directory = directory
  }

  find(artifact: string, key: Digest): Found {
    const path = this.#path(artifact, key)
    const known = this.#read.get(path)
    if (known) return known
    const found = readSealed(this.#disk, path)
    if (typeof found === 'string') return found
    const record = found.value as BuildRecord
    if (record.version !== 1 || record.artifact !== artifact || record.key !== key) return 'damaged'
    this.#read.set(path, record)
    return record
  }

  /** The record that was published last, if it can still be read. */
  latest(artifact: string): BuildRecord | undefined {
    const found = readSealed(this.#disk, this.#path(artifact, 'latest'))
    if (typeof found === 'string') return undefined
    const record = this.find(artifact, (found.value as { key: Digest }).key)
    return typeof record === 'string' ? undefined : record
  }

  /** The record that was published last of every artifact that was ever built. */
  allLatest(): readonly BuildRecord[] {
    if (!this.#disk.lstat(this.#directory)) return []
    return this.#disk.readdir(this.#directory).flatMap((name) => this.latest(fromBytes(name)) ?? [])
  }

  add(record: BuildRecord): void {
    writeSealed(this.#disk, this.#path(record.artifact, record.key), record)
    this.#read.set(this.#path(record.artifact, record.key), record)
  }

  setLatest(artifact: string, key: Digest): void {
    writeSealed(this.#disk, this.#path(artifact, 'latest'), { key })
  }

  #path(artifact: string, name: string): Bytes {
    return `${this.#directory}/${toBytes(artifact)}/${name}.json`
  }
}

// Which record of each artifact a workspace published last.
import type { FileKind } from '../platform/checksummedFile.ts'
import { readChecksummed, writeChecksummed } from '../platform/checksummedFile.ts'
import type { Digest } from '../platform/digest.ts'
import { isDigest } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { isTemporary, syncDirectory } from '../platform/disk.ts'
import { isObject } from '../platform/json.ts'
import type { Ignored } from '../platform/quarantine.ts'
import { listCacheDirectory, makeCacheDirectory, QUARANTINE_PREFIX } from '../platform/quarantine.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'

const KIND: FileKind = 'latest 1'

/** The files `ARTIFACT/latest.json` in a directory: each names the record that a workspace published last. */
export class LatestRecords {
  readonly #disk: Disk
  readonly #directory: RawPath
  readonly #ignored: Ignored

  constructor(disk: Disk, directory: RawPath, ignored: Ignored = new Set()) {
    this.#disk = disk
    this.#directory = directory
    this.#ignored = ignored
  }

  /** The key of the record that was published last. */
  key(artifact: string): Digest | 'absent' | 'damaged' {
    const found = readChecksummed(this.#disk, this.#path(artifact), KIND)
    if (typeof found === 'string') return found
    return isObject(found.value) && isDigest(found.value['key']) ? found.value['key'] : 'damaged'
  }

  set(artifact: string, key: Digest): void {
    makeCacheDirectory(this.#disk, this.#directory, this.#directoryOf(artifact), this.#ignored)
    writeChecksummed(this.#disk, this.#path(artifact), KIND, { key }, { ignored: this.#ignored })
  }

  /** Removes, durably, the file that names the latest record of an artifact. */
  remove(artifact: string): void {
    this.#disk.unlink(this.#path(artifact))
    syncDirectory(this.#disk, this.#directoryOf(artifact))
  }

  /** The artifacts that have a directory here. */
  artifacts(): readonly string[] {
    return artifactsIn(this.#disk, this.#directory)
  }

  /** The files that cannot be read, and temporary and quarantined files of one artifact. */
  problems(artifact: string): {
    readonly damaged: readonly RawPath[]
    readonly leftovers: readonly RawPath[]
  } {
    const directory = this.#directoryOf(artifact)
    return {
      damaged: this.key(artifact) === 'damaged' ? [this.#path(artifact)] : [],
      leftovers: leftoversIn(this.#disk, directory),
    }
  }

  #directoryOf(artifact: string): RawPath {
    return `${this.#directory}/${toRawPath(artifact)}`
  }

  #path(artifact: string): RawPath {
    return `${this.#directoryOf(artifact)}/latest.json`
  }
}

/** The names of the directories in a directory of records: each is an artifact. */
export const artifactsIn = (disk: Disk, directory: RawPath): readonly string[] =>
  listCacheDirectory(disk, directory)
    .toSorted()
    .filter((name) => !name.startsWith(QUARANTINE_PREFIX))
    .filter((name) => disk.lstat(`${directory}/${name}`)?.type === 'directory')
    .map(fromRawPath)

/** The temporary and quarantined files in a directory. */
export const leftoversIn = (disk: Disk, directory: RawPath): readonly RawPath[] =>
  listCacheDirectory(disk, directory)
    .toSorted()
    .filter((name) => isTemporary(name) || name.startsWith(QUARANTINE_PREFIX))
    .map((name) => `${directory}/${name}`)

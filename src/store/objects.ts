// The object store: outputs, downloads, listings and texts by their SHA-256.
import type { RawPath } from '../platform/rawPath.ts'
import { display } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode, isTemporary, parent, syncDirectory, withTemporary } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { Digest, Hasher } from '../platform/digest.ts'
import { fileDigest, isDigest, sha256, sha256Hasher } from '../platform/digest.ts'
import type { Ignored } from '../platform/quarantine.ts'
import {
  listCacheDirectory,
  makeCacheDirectory,
  placeFile,
  quarantine,
  QUARANTINE_PREFIX,
  replaceCacheFile,
} from '../platform/quarantine.ts'
import type { StoredObject } from '../planner/domain.ts'

/** An object is missing or damaged; a damaged one has been quarantined. A build that gets this error plans again. */
export class DamagedObject extends Failure {
  constructor(headline: string) {
    super(headline, { hint: 'run the command again to rebuild what is missing' })
  }
}

/** Everything in an object store. */
export interface ObjectListing {
  /** The disk usage of each object in bytes, without holes. */
  readonly objects: ReadonlyMap<Digest, number>
  /** Quarantined objects, and temporary files of processes that died. */
  readonly leftovers: readonly RawPath[]
}

/** The errors that reading a damaged or missing object may raise. */
const UNREADABLE = ['EIO', 'ENOENT', 'EISDIR', 'EUCLEAN']

const CHUNK = 1 << 20
const ZEROS = Buffer.alloc(CHUNK)
/** One buffer for all copies, which never overlap: allocating it costs more than copying a small file. */
let chunk: Buffer | undefined

/**
 * The object store: read-only files named by their SHA-256, in `objects/ab/…`. An object is complete or absent, because
 * it is written to a temporary file, flushed, renamed, and its directory is flushed. Content is checked while it is
 * read.
 */
export class ObjectStore {
  readonly #disk: Disk
  readonly #directory: RawPath
  readonly #ignored: Ignored
  readonly #epoch: number | undefined

  /**
   * `ignored` receives the paths of what the store quarantines because it stands in the place of an object. New outputs and
   * downloads get the modification time `epoch`, in seconds since 1970: producers see it.
   */
  constructor(
    disk: Disk,
    directory: RawPath,
    { ignored = new Set(), epoch }: { ignored?: Ignored | undefined; epoch?: number | undefined } = {},
  ) {
    this.#disk = disk
    this.#directory = directory
    this.#ignored = ignored
    this.#epoch = epoch
  }

  /** The path of an object, whether or not it exists. */
  path(digest: Digest): RawPath {
    return `${this.#directory}/${digest.slice(0, 2)}/${digest.slice(2)}`
  }

  /** Whether an object exists with this name and size; its content is checked when it is read. */
  has({ sha256: digest, size }: StoredObject): boolean {
    const stat = this.#disk.lstat(this.path(digest))
    return stat?.type === 'file' && stat.size === size
  }

  /** Moves a file that the caller owns into the store. Reads it once for its digest, unless that is known. */
  adopt(file: RawPath, known?: Digest): StoredObject {
    this.#disk.chmod(file, 0o444)
    if (this.#epoch !== undefined) this.#disk.utimes(file, this.#epoch)
    const digest = known ?? fileDigest(this.#disk, file)
    const size = this.#disk.lstat(file)!.size
    const fd = this.#disk.open(file, 'r')
    try {
      this.#disk.fsync(fd)
    } finally {
      this.#disk.close(fd)
    }
    this.#install(file, digest)
    return { sha256: digest, size }
  }

  /** Copies a file that the caller must not move into the store. */
  copyIn(file: RawPath): StoredObject {
    this.#makeDirectory(this.#directory)
    return withTemporary(this.#disk, `${this.#directory}/copy`, (temporary) => {
      copySparse(this.#disk, file, temporary, { mode: 0o600, durable: false })
      return this.adopt(temporary)
    })
  }

  /** Stores a small text. */
  putText(text: string): Digest {
    const digest = sha256(text)
    if (this.readText(digest) !== undefined) return digest
    this.#makeDirectory(parent(this.path(digest)))
    replaceCacheFile(this.#disk, this.path(digest), text, this.#ignored)
    this.#disk.chmod(this.path(digest), 0o444)
    return digest
  }

  /** A small text; undefined if it is missing or damaged. */
  readText(digest: Digest): string | undefined {
    try {
      const content = this.#disk.readFile(this.path(digest), 'untrusted')
      return sha256(content) === digest ? content.toString() : undefined
    } catch (error) {
      if (errorCode(error) === '') throw error
      return undefined
    }
  }

  /**
   * Copies an object to a path that does not exist; holes stay holes. A caller that has just hashed the object passes
   * `checked`; then the copy is not hashed. Throws a {@link DamagedObject}; then the caller removes the copy.
   */
  copyOut(
    digest: Digest,
    to: RawPath,
    { checked = false, ...options }: CopyOptions & { checked?: boolean },
  ): void {
    const hasher = sha256Hasher()
    try {
      copySparse(this.#disk, this.path(digest), to, checked ? options : { ...options, hasher })
    } catch (error) {
      this.check(digest)
      throw error
    }
    if (!checked && hasher.digest() !== digest) throw this.#damaged(digest)
  }

  /** Reads an object in full. Throws a {@link DamagedObject} if it is missing or damaged. */
  check(digest: Digest): void {
    if (!this.isWhole(digest)) throw this.#damaged(digest)
  }

  /** Reads an object in full. False if it is missing or damaged. */
  isWhole(digest: Digest): boolean {
    if (this.#disk.lstat(this.path(digest))?.type !== 'file') return false
    try {
      return fileDigest(this.#disk, this.path(digest)) === digest
    } catch (error) {
      if (!UNREADABLE.includes(errorCode(error))) throw error
      return false
    }
  }

  /** Renames a damaged object so that it counts as absent. Returns its new path. */
  quarantine(digest: Digest): RawPath {
    return quarantine(this.#disk, this.path(digest), `${this.#directory}/${QUARANTINE_PREFIX}${digest}`)
  }

  /** Lists the store. Only a process that has the store to itself may treat temporary files as leftovers. */
  list(): ObjectListing {
    const objects = new Map<Digest, number>()
    const leftovers: RawPath[] = []
    for (const name of listCacheDirectory(this.#disk, this.#directory).toSorted()) {
      const path = `${this.#directory}/${name}`
      if (isTemporary(name) || name.startsWith(QUARANTINE_PREFIX)) leftovers.push(path)
      if (!/^[0-9a-f]{2}$/.test(name) || this.#disk.lstat(path)?.type !== 'directory') continue
      for (const rest of this.#disk.readdir(path).sort()) {
        if (isTemporary(rest) || rest.startsWith(QUARANTINE_PREFIX)) leftovers.push(`${path}/${rest}`)
        const digest = `${name}${rest}`
        if (!isDigest(digest)) continue
        const stat = this.#disk.lstat(`${path}/${rest}`)
        if (stat) objects.set(digest, Math.min(stat.size, stat.allocated))
      }
    }
    return { objects, leftovers }
  }

  /** Removes an object. The records that name it must have been removed durably before. */
  remove(digest: Digest): void {
    this.#disk.removeTree(this.path(digest))
  }

  #damaged(digest: Digest): DamagedObject {
    if (!this.#disk.lstat(this.path(digest)))
      return new DamagedObject(`an object is missing from the store: ${digest}`)
    const aside = this.quarantine(digest)
    return new DamagedObject(`a damaged object of the store was quarantined as ${display(aside)}`)
  }

  #install(file: RawPath, digest: Digest): void {
    const path = this.path(digest)
    this.#makeDirectory(parent(path))
    placeFile(this.#disk, path, this.#ignored, () => this.#disk.rename(file, path))
    syncDirectory(this.#disk, parent(path))
  }

  #makeDirectory(path: RawPath): void {
    makeCacheDirectory(this.#disk, this.#directory, path, this.#ignored)
  }
}

export interface CopyOptions {
  /** The mode of the copy, before the umask. */
  readonly mode: number
  /** Whether to flush the copy. */
  readonly durable: boolean
  /** Receives everything that was read. */
  readonly hasher?: Hasher
}

/** Copies a file; blocks of zeros become holes. */
export function copySparse(disk: Disk, from: RawPath, to: RawPath, options: CopyOptions): void {
  chunk ??= Buffer.allocUnsafe(CHUNK)
  const source = disk.open(from, 'r')
  try {
    const target = disk.open(to, 'wx', options.mode)
    try {
      let position = 0
      for (let length: number; (length = disk.read(source, chunk)) > 0; position += length) {
        const data = chunk.subarray(0, length)
        options.hasher?.update(data)
        if (!data.equals(ZEROS.subarray(0, length))) disk.write(target, data, position)
      }
      disk.truncate(target, position)
      if (options.durable) disk.fsync(target)
    } finally {
      disk.close(target)
    }
  } finally {
    disk.close(source)
  }
}

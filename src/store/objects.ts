import type { Bytes } from '../platform/bytes.ts'
import { display } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import {
  errorCode,
  isTemporary,
  parent,
  replaceFile,
  syncDirectory,
  withTemporary,
} from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { Digest, Hasher } from '../platform/digest.ts'
import { fileDigest, isDigest, sha256, sha256Hasher } from '../platform/digest.ts'
import type { StoredObject } from '../planner/types.ts'

/**
 * Says that an object was not what its name says; it is put aside by then. Who planned with it plans again, and what is
 * missing is built.
 */
export class DamagedObject extends Failure {
  constructor(headline: string) {
    super(headline, { hint: 'run the same command again: what is missing will be built' })
  }
}

/** All that lies in a store of objects. */
export interface ObjectListing {
  /** What each object takes on the disk, in bytes: holes take nothing. */
  readonly objects: ReadonlyMap<Digest, number>
  /** What was put aside, and what dead processes left. */
  readonly leftovers: readonly Bytes[]
}

/** How a file is called that was put aside. */
export const QUARANTINE_PREFIX = 'damaged-'

/** What reading a damaged object may end with. */
const UNREADABLE = ['EIO', 'ENOENT', 'EISDIR', 'EUCLEAN']

const CHUNK = 1 << 20
const ZEROS = Buffer.alloc(CHUNK)
/** One for all copies, since each is done before the next begins: a new one costs more than a small file. */
let chunk: Buffer | undefined

/**
 * The object store: read-only files named by their SHA-256, under `objects/ab/…`. An object is whole or absent:
 * it is written elsewhere, flushed, renamed, and its directory flushed. What is read from it is checked on the way.
 */
export class ObjectStore {
  readonly #disk: Disk
  readonly #directory: Bytes

  constructor(disk: Disk, directory: Bytes) {
    this.#disk = disk
    this.#directory = directory
  }

  /** Where an object lies, or would. */
  path(digest: Digest): Bytes {
    return `${this.#directory}/${digest.slice(0, 2)}/${digest.slice(2)}`
  }

  /** Whether an object is there, by name and size; its content is checked when it is read. */
  has({ sha256: digest, size }: StoredObject): boolean {
    const stat = this.#disk.lstat(this.path(digest))
    return stat?.type === 'file' && stat.size === size
  }

  /** Takes over a file of ours by renaming it, after reading it once for its digest unless that is known. */
  adopt(file: Bytes, known?: Digest): StoredObject {
    this.#disk.chmod(file, 0o444)
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

  /** Takes in a copy of a file that is not ours to move. */
  copyIn(file: Bytes): StoredObject {
    this.#disk.mkdir(this.#directory)
    return withTemporary(this.#disk, `${this.#directory}/copy`, (temporary) => {
      copySparse(this.#disk, file, temporary, { mode: 0o600, durable: false })
      return this.adopt(temporary)
    })
  }

  /** Keeps a small text. */
  putText(text: string): Digest {
    const digest = sha256(text)
    if (this.readText(digest) !== undefined) return digest
    this.#disk.mkdir(parent(this.path(digest)))
    replaceFile(this.#disk, this.path(digest), text)
    this.#disk.chmod(this.path(digest), 0o444)
    return digest
  }

  /** A small text, or undefined where it is not there or damaged. */
  readText(digest: Digest): string | undefined {
    try {
      const content = this.#disk.readFile(this.path(digest))
      return sha256(content) === digest ? content.toString() : undefined
    } catch (error) {
      if (errorCode(error) === '') throw error
      return undefined
    }
  }

  /**
   * Writes a copy of an object to a temporary path, which must not exist yet. Holes stay holes. Throws a
   * {@link DamagedObject} for one that is not what its name says; the copy is the caller's to remove. One that was
   * `checked` a moment ago, as it was taken in, is not hashed again.
   */
  copyOut(
    digest: Digest,
    to: Bytes,
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

  /** Reads an object in full. Throws a {@link DamagedObject} for one that is not what its name says, or not there. */
  check(digest: Digest): void {
    if (!this.isWhole(digest)) throw this.#damaged(digest)
  }

  /** Reads an object in full: whether it is there, and what its name says. */
  isWhole(digest: Digest): boolean {
    try {
      return fileDigest(this.#disk, this.path(digest)) === digest
    } catch (error) {
      if (!UNREADABLE.includes(errorCode(error))) throw error
      return false
    }
  }

  /** Puts a damaged object aside, so that it counts as absent from now on; gives its new place. */
  quarantine(digest: Digest): Bytes {
    const aside = `${this.#directory}/${QUARANTINE_PREFIX}${digest}`
    this.#disk.rename(this.path(digest), aside)
    return aside
  }

  /** Walks through the store once. Only the holder of the workspace's lock may take temporaries for leftovers. */
  list(): ObjectListing {
    const objects = new Map<Digest, number>()
    const leftovers: Bytes[] = []
    const names = this.#disk.lstat(this.#directory) ? this.#disk.readdir(this.#directory).sort() : []
    for (const name of names) {
      const path = `${this.#directory}/${name}`
      if (isTemporary(name) || name.startsWith(QUARANTINE_PREFIX)) leftovers.push(path)
      if (!/^[0-9a-f]{2}$/.test(name) || this.#disk.lstat(path)?.type !== 'directory') continue
      for (const rest of this.#disk.readdir(path).sort()) {
        if (isTemporary(rest)) leftovers.push(`${path}/${rest}`)
        const digest = `${name}${rest}`
        if (!isDigest(digest)) continue
        const stat = this.#disk.lstat(`${path}/${rest}`)
        if (stat) objects.set(digest, Math.min(stat.size, stat.allocated))
      }
    }
    return { objects, leftovers }
  }

  /** Removes an object. Whoever needs it must be gone for good by then. */
  remove(digest: Digest): void {
    this.#disk.removeTree(this.path(digest))
  }

  #damaged(digest: Digest): DamagedObject {
    if (!this.#disk.lstat(this.path(digest)))
      return new DamagedObject(`an object is gone from the store: ${digest}`)
    const aside = this.quarantine(digest)
    return new DamagedObject(`an object of the store was damaged; it is put aside as ${display(aside)}`)
  }

  #install(file: Bytes, digest: Digest): void {
    const path = this.path(digest)
    this.#disk.mkdir(parent(path))
    this.#disk.rename(file, path)
    syncDirectory(this.#disk, parent(path))
  }
}

/** How a file is copied. */
export interface CopyOptions {
  /** The mode of the copy, less the umask. */
  readonly mode: number
  /** Whether the copy is flushed. */
  readonly durable: boolean
  /** Gets all that was read. */
  readonly hasher?: Hasher
}

/** Copies a file, leaving out blocks of zeros. */
export function copySparse(disk: Disk, from: Bytes, to: Bytes, options: CopyOptions): void {
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

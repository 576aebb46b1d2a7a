// The boundary to the disk, and atomic file operations on top of it.
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import type { RawPath } from './rawPath.ts'
import { nativePath, toRawPath } from './rawPath.ts'

/** The state of a path. */
export interface Stat {
  readonly type: 'file' | 'directory' | 'symlink' | 'special file'
  /** Permission bits, 07777. */
  readonly mode: number
  readonly uid: number
  readonly links: number
  readonly size: number
  /** Disk usage in bytes: less than `size` if the file has holes. */
  readonly allocated: number
  readonly ino: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/**
 * Access to the disk for everything that a build reads, stores and publishes: inputs, objects, records, logs, outputs.
 * Tests replace it by a disk that fails or stops at the n-th call. Other code calls `node:fs` directly. Calls are
 * synchronous: for cached files that is several times faster than promises, and no other code runs in between. Errors are
 * Node's, with `code`.
 */
export interface Disk {
  /** The state of the path itself, without following links; undefined if nothing exists there. */
  lstat(path: RawPath): Stat | undefined
  /** The state of a path, following links; undefined if nothing exists there. */
  stat(path: RawPath): Stat | undefined
  readdir(path: RawPath): RawPath[]
  readlink(path: RawPath): RawPath
  realpath(path: RawPath): RawPath
  /**
   * Whether the file system of a path is known to stamp each change of a file with a time that no program can set. False
   * if it cannot be examined. Asked only about file systems with coarse times.
   */
  hasChangeTimes(path: RawPath): boolean
  /** `untrusted` as for {@link open}. */
  readFile(path: RawPath, flags?: 'untrusted'): Buffer
  /** `untrusted` opens for reading without following a link and without waiting for a writer of a fifo. */
  open(path: RawPath, flags: 'r' | 'wx' | 'a' | 'untrusted', mode?: number): number
  /** Reads from the current position, or from `position` in bytes. */
  read(fd: number, buffer: Uint8Array, position?: number): number
  write(fd: number, buffer: Uint8Array, position: number | null): void
  truncate(fd: number, size: number): void
  fsync(fd: number): void
  close(fd: number): void
  chmod(path: RawPath, mode: number): void
  /** Changes the owner of a path, without following links. */
  chown(path: RawPath, uid: number, gid: number): void
  /** Sets both times of a path, without following links, in seconds since 1970. */
  utimes(path: RawPath, seconds: number): void
  /** Creates a directory and those above it. Returns the first one that it created, if it created one. */
  mkdir(path: RawPath): RawPath | undefined
  symlink(target: RawPath, path: RawPath): void
  link(existing: RawPath, path: RawPath): void
  rename(from: RawPath, to: RawPath): void
  unlink(path: RawPath): void
  removeTree(path: RawPath): void
}

function typeOf(stat: fs.BigIntStats): Stat['type'] {
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  return stat.isSymbolicLink() ? 'symlink' : 'special file'
}

function stateOf(examine: typeof fs.statSync, path: RawPath): Stat | undefined {
  let stat: fs.BigIntStats | undefined
  try {
    stat = examine(nativePath(path), { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    // A parent is a file, or links form a circle, so nothing exists there.
    if (!['ENOTDIR', 'ELOOP'].includes(errorCode(error))) throw error
  }
  if (!stat) return undefined
  return {
    type: typeOf(stat),
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    links: Number(stat.nlink),
    size: Number(stat.size),
    // stat(2) counts blocks of 512 bytes, whatever those of the file system are.
    allocated: Number(stat.blocks * 512n),
    ino: stat.ino,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
  }
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants
const UNTRUSTED = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

/** ext2, ext3 and ext4; HFS+; XFS; Btrfs; tmpfs (`f_type` in statfs(2)). */
const WITH_CHANGE_TIMES = [0xef53, 0x482b, 0x58465342, 0x9123683e, 0x01021994]

/** The disk of this machine. */
export const realDisk: Disk = {
  lstat: (path) => stateOf(fs.lstatSync, path),
  stat: (path) => stateOf(fs.statSync, path),
  readdir: (path) => fs.readdirSync(nativePath(path), { encoding: 'latin1' }),
  readlink: (path) => fs.readlinkSync(nativePath(path), { encoding: 'latin1' }),
  realpath: (path) => fs.realpathSync.native(nativePath(path), { encoding: 'latin1' }),
  hasChangeTimes(path) {
    try {
      return WITH_CHANGE_TIMES.includes(fs.statfsSync(nativePath(path)).type >>> 0)
    } catch {
      return false
    }
  },
  readFile(path, flags) {
    if (flags === undefined) return fs.readFileSync(nativePath(path))
    const fd = fs.openSync(nativePath(path), UNTRUSTED)
    try {
      return fs.readFileSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  },
  open: (path, flags, mode) => fs.openSync(nativePath(path), flags === 'untrusted' ? UNTRUSTED : flags, mode),
  read: (fd, buffer, position) => fs.readSync(fd, buffer, 0, buffer.length, position ?? null),
  write(fd, buffer, position) {
    for (let done = 0; done < buffer.length;)
      done += fs.writeSync(fd, buffer, done, buffer.length - done, position === null ? null : position + done)
  },
  truncate: (fd, size) => fs.ftruncateSync(fd, size),
  fsync: (fd) => fs.fsyncSync(fd),
  close: (fd) => fs.closeSync(fd),
  chmod: (path, mode) => fs.chmodSync(nativePath(path), mode),
  chown: (path, uid, gid) => fs.lchownSync(nativePath(path), uid, gid),
  utimes: (path, seconds) => fs.lutimesSync(nativePath(path), seconds, seconds),
  mkdir(path) {
    const first = fs.mkdirSync(nativePath(path), { recursive: true })
    return first === undefined ? undefined : toRawPath(first)
  },
  symlink: (target, path) => fs.symlinkSync(nativePath(target), nativePath(path)),
  link: (existing, path) => fs.linkSync(nativePath(existing), nativePath(path)),
  rename: (from, to) => fs.renameSync(nativePath(from), nativePath(to)),
  unlink: (path) => fs.unlinkSync(nativePath(path)),
  removeTree: (path) => fs.rmSync(nativePath(path), { recursive: true, force: true }),
}

/** The name of an error of the operating system, such as `ENOENT`, or the empty string. */
export const errorCode = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''

/**
 * Identifies this process in the names of temporary files. Random digits, because process ids repeat (in a container at
 * every start), and a new file must not collide with one that a crash left.
 */
const RUN = `${process.pid}-${randomBytes(4).toString('hex')}`
let temporaries = 0

/** A unique name beside `path`, for a file that is renamed to `path` when it is complete. */
const temporaryName = (path: RawPath): RawPath => `${path}.tmp-${RUN}-${(temporaries += 1)}`

const TEMPORARY = /\.tmp-\d+-[0-9a-f]{8}-\d+$/

/** Whether a name comes from {@link temporaryName}. */
export const isTemporary = (name: RawPath): boolean => TEMPORARY.test(name)

/** The temporary files in a directory, each with its final path. Their writer was killed or is still writing. */
export const temporariesIn = (
  disk: Disk,
  directory: RawPath,
): readonly { readonly path: RawPath; readonly of: RawPath }[] =>
  disk
    .readdir(directory)
    .filter(isTemporary)
    .map((entry) => ({ path: `${directory}/${entry}`, of: `${directory}/${entry.replace(TEMPORARY, '')}` }))

/** Runs `work` with the name of a temporary file, and removes the file if `work` throws. */
export function withTemporary<T>(disk: Disk, path: RawPath, work: (temporary: RawPath) => T): T {
  const temporary = temporaryName(path)
  try {
    return work(temporary)
  } catch (error) {
    try {
      disk.removeTree(temporary)
    } catch {
      // The first error is reported, not this one.
    }
    throw error
  }
}

/** Makes renames, links and new entries in a directory survive a power cut. */
export function syncDirectory(disk: Disk, path: RawPath): void {
  const fd = disk.open(path, 'r')
  try {
    disk.fsync(fd)
  } finally {
    disk.close(fd)
  }
}

/** Replaces a file: after a crash it has the old or the new content, never a mixture. */
export function replaceFile(disk: Disk, path: RawPath, content: string | Uint8Array): void {
  withTemporary(disk, path, (temporary) => {
    const fd = disk.open(temporary, 'wx', 0o644)
    try {
      disk.write(fd, typeof content === 'string' ? Buffer.from(content) : content, null)
      disk.fsync(fd)
    } finally {
      disk.close(fd)
    }
    disk.rename(temporary, path)
  })
  syncDirectory(disk, parent(path))
}

/** The directory that contains a path. */
export const parent = (path: RawPath): RawPath => path.slice(0, Math.max(1, path.lastIndexOf('/')))

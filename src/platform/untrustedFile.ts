// Reads files that a process outside of lbuild's control wrote: bounded, and without following links.
import type { Disk } from './disk.ts'
import { errorCode } from './disk.ts'
import type { RawPath } from './rawPath.ts'

/**
 * The content of a regular file of at most `limit` bytes, or what is wrong with it, as the end of a sentence that begins with
 * its name.
 */
export function readUntrusted(disk: Disk, path: RawPath, limit: number): Buffer | string {
  const stat = disk.lstat(path)
  if (!stat) return 'is missing'
  if (stat.type !== 'file') return `is a ${stat.type}, not a file`
  if (stat.size > limit) return `has ${stat.size} bytes, more than ${limit}`
  try {
    return readAt(disk, path, 0, stat.size)
  } catch (error) {
    // A link, a fifo or a directory that took its place.
    if (['ELOOP', 'ESPIPE', 'EISDIR', 'ENOENT'].includes(errorCode(error)))
      return 'was replaced while it was read'
    throw error
  }
}

/** The last bytes of a regular file, at most `limit`; empty if it is none. */
export function readEnd(disk: Disk, path: RawPath, limit: number): Buffer {
  const stat = disk.lstat(path)
  if (stat?.type !== 'file') return Buffer.alloc(0)
  const start = Math.max(0, stat.size - limit)
  return readAt(disk, path, start, stat.size - start)
}

function readAt(disk: Disk, path: RawPath, start: number, length: number): Buffer {
  const buffer = Buffer.alloc(length)
  const fd = disk.open(path, 'untrusted')
  try {
    let done = 0
    while (done < length) {
      const count = disk.read(fd, buffer.subarray(done), start + done)
      if (count === 0) break
      done += count
    }
    return buffer.subarray(0, done)
  } finally {
    disk.close(fd)
  }
}

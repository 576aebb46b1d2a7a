import { createHash } from 'node:crypto'
import type { Bytes } from './bytes.ts'
import type { Disk } from './disk.ts'

/** A SHA-256 in lower-case hexadecimal: the identity of everything that is kept or compared. */
export type Digest = string

/** The SHA-256 of some bytes; text counts as UTF-8. */
export const sha256 = (content: string | Uint8Array): Digest =>
  createHash('sha256').update(content).digest('hex')

/**
 * The SHA-256 of a list of texts, each with its length in front, so that bytes cannot move from one to its neighbour
 * unseen. The length is counted in UTF-8 bytes and written in decimal.
 */
export function digestOf(parts: Iterable<string>): Digest {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex')
}

/** A streaming hash: SHA-256 for identity, XXH64 for a quick look. */
export interface Hasher {
  update(chunk: Uint8Array): void
  digest(): string
}

/** A new SHA-256. */
export function sha256Hasher(): Hasher {
  const hash = createHash('sha256')
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('hex') }
}

const CHUNK = 1 << 20
let chunk: Buffer | undefined

/** Feeds a whole file to hashers, 1 MiB at a time, so that memory does not grow with the file. */
export function hashFile(disk: Disk, path: Bytes, hashers: readonly Hasher[]): void {
  chunk ??= Buffer.allocUnsafe(CHUNK)
  const fd = disk.open(path, 'r')
  try {
    for (let length: number; (length = disk.read(fd, chunk)) > 0;)
      for (const hasher of hashers) hasher.update(chunk.subarray(0, length))
  } finally {
    disk.close(fd)
  }
}

/** The SHA-256 of a file's content. */
export function fileDigest(disk: Disk, path: Bytes): Digest {
  const hasher = sha256Hasher()
  hashFile(disk, path, [hasher])
  return hasher.digest()
}

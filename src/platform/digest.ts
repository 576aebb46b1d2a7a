// SHA-256 digests of texts, lists of texts and files.
import type { Hash } from 'node:crypto'
import { createHash } from 'node:crypto'
import type { RawPath } from './rawPath.ts'
import type { Disk } from './disk.ts'

declare const brand: unique symbol

/**
 * A SHA-256 in lower-case hexadecimal: the identity of everything that is stored or compared. A branded string: it comes
 * from a hash of this file, or from text that {@link isDigest} has checked.
 */
export type Digest = string & { readonly [brand]: 'SHA-256' }

/** Whether read data is a digest. */
export const isDigest = (value: unknown): value is Digest =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

/** Receives data piece by piece. */
export interface Hasher {
  update(chunk: Uint8Array): void
}

/** A new SHA-256. */
export function sha256Hasher(): Hasher & { digest(): Digest } {
  const hash = createHash('sha256')
  return { update: (chunk) => void hash.update(chunk), digest: () => digestOfHash(hash) }
}

const digestOfHash = (hash: Hash): Digest => hash.digest('hex') as Digest

/** The SHA-256 of some bytes; a text is encoded as UTF-8 unless another encoding is given. */
export function sha256(content: string | Uint8Array, encoding: 'utf8' | 'latin1' = 'utf8'): Digest {
  const hash = createHash('sha256')
  return digestOfHash(typeof content === 'string' ? hash.update(content, encoding) : hash.update(content))
}

/**
 * The SHA-256 of a list of texts, each with its length in front, so that different lists never give the same bytes. The
 * length is counted in UTF-8 bytes and written in decimal.
 */
export function digestOf(texts: Iterable<string>): Digest {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}:`).update(text)
  return digestOfHash(hash)
}

const CHUNK = 1 << 20
let chunk: Buffer | undefined

/** Feeds a file to hashers, 1 MiB at a time, so that memory does not grow with the file. */
export function hashFile(disk: Disk, path: RawPath, hashers: readonly Hasher[]): void {
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
export function fileDigest(disk: Disk, path: RawPath): Digest {
  const hasher = sha256Hasher()
  hashFile(disk, path, [hasher])
  return hasher.digest()
}

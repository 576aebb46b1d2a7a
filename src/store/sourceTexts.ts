// The source texts that a run saw, stored so that a later change is shown line by line.
import type { RawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import { isDigest } from '../platform/digest.ts'
import { isObject } from '../platform/json.ts'
import type { Disk } from '../platform/disk.ts'
import type { ObjectStore } from './objects.ts'

/** The largest text that lbuild stores and compares line by line, in bytes. */
const LARGEST = 64 * 1024

/** The version of an object that contains texts. */
const VERSION = 1

/**
 * Stores all texts in one object. The map's keys are the digests that records contain: the SHA-256 of a text, or for a
 * lockfile the digest of its files.
 */
export const writeSourceTexts = (objects: ObjectStore, texts: ReadonlyMap<Digest, string>): Digest =>
  objects.putText(JSON.stringify({ version: VERSION, texts: Object.fromEntries(texts) }))

/** The texts of an object of {@link writeSourceTexts}; none if it is missing, damaged or of another version. */
export function readSourceTexts(
  objects: ObjectStore,
  object: Digest | undefined,
): ReadonlyMap<Digest, string> {
  const text = object === undefined ? undefined : objects.readText(object)
  if (text === undefined) return new Map()
  try {
    const parsed: unknown = JSON.parse(text)
    if (!isObject(parsed) || parsed['version'] !== VERSION || !isObject(parsed['texts'])) return new Map()
    return new Map(
      Object.entries(parsed['texts']).flatMap(([digest, member]) =>
        isDigest(digest) && typeof member === 'string' ? [[digest, member] as const] : [],
      ),
    )
  } catch {
    // A damaged record may name an object that holds no JSON.
    return new Map()
  }
}

/** The text of a file of at most `most` bytes that is UTF-8 without NUL; else undefined. */
export function textAt(disk: Disk, path: RawPath, most = LARGEST): string | undefined {
  const stat = disk.lstat(path)
  if (stat?.type !== 'file' || stat.size > most) return undefined
  const bytes = disk.readFile(path)
  const text = bytes.toString()
  return text.includes('\0') || Buffer.byteLength(text) !== bytes.length ? undefined : text
}

// The key of an artifact.
import { byBytes } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import { digestOf } from '../platform/digest.ts'
import { canonicalJson } from '../platform/json.ts'
import { contentOf, partId } from './part.ts'
import type { Part } from './domain.ts'

/** Changes when the meaning of a key changes; then no earlier record matches. */
export const KEY_SCHEMA = 'lbuild key 3'

/**
 * The key of an artifact: the SHA-256 over its parts, which are everything declared for its producer, its code, the
 * platform and the epoch. Parts are sorted by bytes, and each text
 * has its length in front, so that different parts never give the same key.
 */
export function keyOf(artifact: string, parts: readonly Part[]): Digest {
  const sorted = parts.toSorted((a, b) => byBytes(partId(a), partId(b)))
  const texts = sorted.flatMap((part) => [part.kind, part.name, canonicalJson(contentOf(part))])
  return digestOf([KEY_SCHEMA, artifact, String(sorted.length), ...texts])
}

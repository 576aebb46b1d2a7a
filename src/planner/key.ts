import { byBytes } from '../platform/bytes.ts'
import type { Digest } from '../platform/digest.ts'
import { digestOf } from '../platform/digest.ts'
import type { Part } from './types.ts'

/** Moves when the meaning of a key changes; then nothing that was recorded before is taken for fresh. */
export const KEY_SCHEMA = 'lbuild key 1'

/** The name under which a part is compared with the same part of another run. */
export const partId = (part: Part): string => `${part.kind} ${part.name}`

/**
 * The key of an artifact: the SHA-256 over all that its producer can see, each part with its length in front, ordered
 * by bytes. Where a part comes from (`from`) does not count.
 */
export function keyOf(artifact: string, parts: readonly Part[]): Digest {
  const sorted = parts.toSorted((a, b) => byBytes(partId(a), partId(b)))
  const texts = sorted.flatMap((part) => [part.kind, part.name, canonicalJson(part.value)])
  return digestOf([KEY_SCHEMA, artifact, String(sorted.length), ...texts])
}

/** JSON with the members of every object in order, so that equal values are equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => byBytes(a, b)))
      : member,
  )
}

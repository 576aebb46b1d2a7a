// Functions on parts: their id, content and subject, and the validation of parts read from disk.
import type { Json } from '../api/params.ts'
import { baseName } from '../graph/inputPath.ts'
import type { Digest } from '../platform/digest.ts'
import { isDigest } from '../platform/digest.ts'
import { canonicalJson, isObject } from '../platform/json.ts'
import type { Part, PartKind } from './domain.ts'

/** The id of a part within a run. Parts of two runs are compared if they have the same id. */
export const partId = ({ kind, name }: Pick<Part, 'kind' | 'name'>): string => `${kind} ${name}`

/** What the producer sees of a part: equal contents make equal keys. */
export function contentOf(part: Part): Json {
  switch (part.kind) {
    case 'param':
    case 'platform':
    case 'env':
      return part.value
    case 'file':
      return [baseName(part.path), part.executable, part.digest]
    case 'output':
      return [part.file, part.digest]
    default:
      return part.digest
  }
}

/** Returns the digest in a part. Undefined if this kind of part has no digest or the thing does not exist. */
export const digestIn = (part: Part): Digest | undefined =>
  'digest' in part ? (part.digest ?? undefined) : undefined

/** Whether a part exists on both sides with the same content. */
export const isSamePart = (a: Part | undefined, b: Part): boolean =>
  a?.kind === b.kind && canonicalJson(contentOf(a)) === canonicalJson(contentOf(b))

/** Looks up parts by their kind and name. */
export function partIndex(parts: readonly Part[]): (part: Part) => Part | undefined {
  const byId = new Map(parts.map((part) => [partId(part), part]))
  return (part) => byId.get(partId(part))
}

/**
 * Returns the path or name of the real thing. Two artifacts may give the same file different input names; `subjectOf`
 * returns the same text for both.
 */
export function subjectOf(part: Part): string {
  switch (part.kind) {
    case 'file':
    case 'tree':
      return part.path
    case 'output':
      return `${part.artifact}.${part.output}`
    case 'downloads':
      return part.lockfile
    case 'tool':
      return part.path ?? part.name
    default:
      return part.name
  }
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || isText(value)
const isDigestOrNull = (value: unknown): boolean => value === null || isDigest(value)

/** The fields of each kind of part besides `kind` and `name`. */
const FIELDS: Readonly<Record<PartKind, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  code: { digest: isDigest },
  platform: { value: (value) => isText(value) || typeof value === 'number' },
  param: { value: (value) => value !== undefined },
  env: { value: isTextOrNull },
  file: { path: isText, executable: (value) => typeof value === 'boolean', digest: isDigestOrNull },
  tree: { path: isText, digest: isDigestOrNull },
  output: { artifact: isText, output: isText, file: isText, digest: isDigest },
  downloads: { lockfile: isText, digest: isDigest },
  tool: { path: isTextOrNull, digest: isDigestOrNull },
}

const isKind = (value: unknown): value is PartKind =>
  typeof value === 'string' && Object.hasOwn(FIELDS, value)

/** Checks data that was read. By hand, since every no-op reads records and loading a schema library takes 10 ms. */
export function isPart(value: unknown): value is Part {
  if (!isObject(value) || !isText(value['name']) || !isKind(value['kind'])) return false
  return Object.entries(FIELDS[value['kind']]).every(([field, matches]) => matches(value[field]))
}

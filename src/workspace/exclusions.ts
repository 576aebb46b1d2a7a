// What the trees of a workspace leave out.
import type { TreeInput } from '../api/inputs.ts'
import type { Locations } from '../config/locations.ts'
import type { Exclusion } from '../fingerprint/exclusionState.ts'
import { toRawPath } from '../platform/rawPath.ts'

/** What a tree leaves out; undefined if it leaves out nothing. */
export const exclusionOf = (
  { root }: Pick<Locations, 'root'>,
  { exclude, gitignore }: TreeInput,
): Exclusion | undefined =>
  gitignore || exclude.length > 0 ? { top: toRawPath(root), exclude, gitignore } : undefined

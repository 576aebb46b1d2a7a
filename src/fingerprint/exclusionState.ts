// Tells without matching patterns whether the entries that a tree leaves out are still the same.
import type { Digest } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes } from '../platform/rawPath.ts'
import type { ExclusionEntry, StatIndex } from './statIndex.ts'
import type { ScannedDirectory, Skips } from './treeWalk.ts'
import { GITIGNORE, hashAll, inside, unreadable, walk } from './treeWalk.ts'

/** What a tree leaves out. */
export interface Exclusion {
  /** The root of the workspace, an absolute path: the .gitignore files from here down to the tree apply to it. */
  readonly top: RawPath
  /** The patterns of the declaration, as in a .gitignore file in the tree. */
  readonly exclude: readonly string[]
  /** Whether .gitignore files and the default patterns apply. */
  readonly gitignore: boolean
}

/** A walk of a tree without the entries that it leaves out, and what decided about them. */
export interface Scan {
  readonly found: readonly ScannedDirectory[]
  readonly exclusion?: ExclusionEntry
}

/** The digest of .gitignore files, given by their absolute paths with the SHA-256 of each. */
export const rulesDigest = (files: ReadonlyMap<RawPath, Digest>): Digest =>
  hashAll(
    [...files]
      .sort(([a], [b]) => byBytes(a, b))
      .map(([path, digest]) => `${path.length}:${path} ${digest}\n`),
  )

/** The directories from the root of the workspace, '', down to the one that contains a path, which are relative to it. */
export function directoriesAbove(path: RawPath): readonly RawPath[] {
  const above: RawPath[] = ['']
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) above.push(path.slice(0, at))
  return above
}

/**
 * Walks a tree without the entries that it leaves out. First it leaves out the entries that it left out last time, given by
 * `known`. The result is right if the .gitignore files are the same and the walk found the same `states`: whether a tree
 * contains an entry depends on these files, on its path and on its type. Only otherwise it matches patterns, because loading
 * the library takes 10 ms.
 */
export async function scanTree(
  disk: Disk,
  index: StatIndex,
  root: RawPath,
  exclusion: Exclusion,
  known: { readonly states: Digest; readonly exclusion?: ExclusionEntry } | undefined,
): Promise<Scan> {
  const same = known?.exclusion && scanIfSame(disk, index, root, exclusion, known.states, known.exclusion)
  if (same) return same
  const { TreeRules } = await import('./exclusion.ts')
  const rules = new TreeRules(disk, root, exclusion)
  const entries: RawPath[] = []
  const found = walk(disk, root, (path, type) => {
    const isLeftOut = rules.ruleFor(path, type === 'directory') !== undefined
    if (isLeftOut) entries.push(`${type} ${path}`)
    return isLeftOut
  })
  return { found, exclusion: { rules: rules.digest(), entries } }
}

/** The scan without the entries that were left out before; undefined if anything else may be left out now. */
function scanIfSame(
  disk: Disk,
  index: StatIndex,
  root: RawPath,
  exclusion: Exclusion,
  states: Digest,
  before: ExclusionEntry,
): Scan | undefined {
  const entries = new Set(before.entries)
  const skips: Skips = (path, type) => entries.size > 0 && entries.has(`${type} ${path}`)
  try {
    const found = walk(disk, root, skips)
    const isSame =
      statesOf(found) === states && currentRules(disk, index, root, exclusion, found) === before.rules
    return isSame ? { found, exclusion: before } : undefined
  } catch (error) {
    // A new entry that cannot be read, or is a pipe: the tree may leave it out.
    if (error instanceof Failure) return undefined
    throw error
  }
}

/** A hash over the states of everything that a walk found. */
export const statesOf = (found: readonly ScannedDirectory[]): Digest =>
  hashAll(found.map(({ path, states }) => `${path.length}:${path} ${states}\n`))

/** The digest of the .gitignore files that apply to a tree. */
function currentRules(
  disk: Disk,
  index: StatIndex,
  root: RawPath,
  { top, gitignore }: Exclusion,
  found: readonly ScannedDirectory[],
): Digest {
  const files = new Map<RawPath, Digest>()
  if (!gitignore) return rulesDigest(files)
  const add = (path: RawPath, stat: ReturnType<Disk['lstat']>): void => {
    if (stat?.type !== 'file') return
    try {
      files.set(path, index.file(path, stat))
    } catch (error) {
      throw unreadable(path, error)
    }
  }
  for (const directory of directoriesAbove(root.slice(top.length + 1))) {
    const path = `${inside(top, directory)}/${GITIGNORE}`
    add(path, disk.lstat(path))
  }
  for (const directory of found) add(`${inside(root, directory.path)}/${GITIGNORE}`, directory.gitignore)
  return rulesDigest(files)
}

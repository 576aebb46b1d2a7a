// The files that a graph was made of: which is which module, and which of them changed.
import { signatureOf } from '../fingerprint/fileState.ts'
import type { StatIndex } from '../fingerprint/statIndex.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'

/** A file with its digest; the label is that of a module, and missing for other files, such as a package.json. */
export type SourceFile = readonly [path: RawPath, digest: Digest, label?: string]

/**
 * A directory with entries that decide which file an import resolves to, and the state of each; see {@link stateOf}. While the
 * directory has the same signature (see {@link signatureOf}), none of its entries was created, removed or replaced. It is '' if
 * such a change could leave it the same.
 */
export type ProbedDirectory = readonly [
  path: RawPath,
  signature: string,
  entries: readonly (readonly [name: RawPath, state: string])[],
]

/** The state of a path where nothing exists. */
export const MISSING = ''
const LINK = 'symlink '

/**
 * The state of a path as a text: its type, `symlink TARGET`, or {@link MISSING}. A path that cannot be read counts as
 * missing, as for an import.
 */
export function stateOf(disk: Disk, path: RawPath): string {
  try {
    const type = disk.lstat(path)?.type ?? MISSING
    return type === 'symlink' ? `${LINK}${disk.readlink(path)}` : type
  } catch (error) {
    if (errorCode(error) === '') throw error
    return MISSING
  }
}

/** The path of an entry of a directory. */
export const childOf = (directory: RawPath, name: RawPath): RawPath =>
  directory === '/' ? `/${name}` : `${directory}/${name}`

/**
 * Whether all probed entries have the recorded states. The function examines entries only in directories that changed: there
 * are some hundred entries, and every command calls it.
 */
export const areUnmoved = (disk: Disk, probes: readonly ProbedDirectory[]): boolean =>
  probes.every(
    ([directory, signature, entries]) =>
      (signature !== '' && directorySignature(disk, directory) === signature) ||
      entries.every(([name, state]) => stateOf(disk, childOf(directory, name)) === state),
  )

/** The signature of a directory; undefined if there is none, or it cannot be read. */
function directorySignature(disk: Disk, path: RawPath): string | undefined {
  try {
    const stat = disk.lstat(path)
    return stat?.type === 'directory' ? signatureOf(stat) : undefined
  } catch (error) {
    if (errorCode(error) === '') throw error
    return undefined
  }
}

/** The target of a symbolic link, by its state; undefined for another state. */
export const linkTarget = (state: string): RawPath | undefined =>
  state.startsWith(LINK) ? state.slice(LINK.length) : undefined

/** Returns the path of the module with this label. If there is none, returns the label's path in the workspace. */
export function pathOfLabel(files: readonly SourceFile[], label: string, root: string): string {
  const path = files.find(([, , one]) => one === label)?.[0]
  return path === undefined ? `${root}/${label}` : fromRawPath(path)
}

/** The label of a module, by its path; of another file, its path from the workspace's root if it lies there. */
export function labelOfPath(files: readonly SourceFile[], path: string, root: string): string {
  const label = files.find(([one]) => one === toRawPath(path))?.[2]
  return label ?? (path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path)
}

/** The files that are missing or have other content than when the graph was made. */
export async function changedFiles(
  disk: Disk,
  index: StatIndex,
  files: readonly SourceFile[],
): Promise<readonly RawPath[]> {
  const changed: RawPath[] = []
  for (const [path, digest] of files) {
    const stat = disk.lstat(path)
    if (stat?.type !== 'file' || index.file(path, stat) !== digest) changed.push(path)
  }
  return changed
}

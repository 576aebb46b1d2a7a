// Moves aside whatever blocks the path of a cache file or directory.
import type { Disk } from './disk.ts'
import { errorCode, parent, replaceFile } from './disk.ts'
import type { RawPath } from './rawPath.ts'

/** The prefix of the name of something that was quarantined. */
export const QUARANTINE_PREFIX = 'damaged-'

/** Paths of the cache that lbuild ignored because they are damaged or of another kind; not reported yet. */
export type Ignored = Set<RawPath>

/**
 * Renames a path so that it counts as absent, by default to `damaged-NAME` beside it. Replaces what was quarantined under
 * that name before. Returns the new path.
 */
export function quarantine(disk: Disk, path: RawPath, aside: RawPath = quarantineName(path)): RawPath {
  disk.removeTree(aside)
  disk.rename(path, aside)
  return aside
}

const quarantineName = (path: RawPath): RawPath =>
  `${parent(path)}/${QUARANTINE_PREFIX}${path.slice(parent(path).length + 1)}`

/** The paths in a directory of the cache that were quarantined. */
export const quarantinedIn = (disk: Disk, directory: RawPath): readonly RawPath[] =>
  listCacheDirectory(disk, directory)
    .filter((name) => name.startsWith(QUARANTINE_PREFIX))
    .map((name) => `${directory}/${name}`)

/**
 * Creates a directory of the cache. A file at its path, or at the path of a directory between `base` and it, is quarantined.
 * A symbolic link stays, since a user made it; the function then throws an error of the operating system.
 */
export function makeCacheDirectory(disk: Disk, base: RawPath, path: RawPath, ignored: Ignored): void {
  try {
    makeShared(disk, path)
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR'].includes(errorCode(error))) throw error
    const obstacle = obstacleAt(disk, base, path)
    if (obstacle === undefined) throw error
    quarantine(disk, obstacle)
    ignored.add(obstacle)
    makeShared(disk, path)
  }
}

/** The bits of a directory that a group shares (chmod(1)): new entries get its group, and its members may write. */
const SHARED = 0o2020

/**
 * Creates a directory. In a directory that a group shares, new ones get the mode of that directory, whatever the umask,
 * so that the group shares them as well.
 */
function makeShared(disk: Disk, path: RawPath): void {
  const first = disk.mkdir(path)
  if (first === undefined) return
  const mode = disk.lstat(disk.realpath(parent(first)))?.mode ?? 0
  if ((mode & SHARED) !== SHARED) return
  for (let at = path; at.length >= first.length; at = parent(at)) disk.chmod(at, mode)
}

function obstacleAt(disk: Disk, base: RawPath, path: RawPath): RawPath | undefined {
  for (let at = path; at.length >= base.length; at = parent(at)) {
    const type = disk.lstat(at)?.type
    if (type === 'file' || type === 'special file') return at
  }
  return undefined
}

/** Runs `place`, which puts a file of the cache at a path. If a directory is there, quarantines it and runs `place` again. */
export function placeFile(disk: Disk, path: RawPath, ignored: Ignored, place: () => void): void {
  try {
    place()
  } catch (error) {
    if (disk.lstat(path)?.type !== 'directory') throw error
    quarantine(disk, path)
    ignored.add(path)
    place()
  }
}

/** Replaces a file of the cache as {@link replaceFile} does, also where a directory is in its place. */
export const replaceCacheFile = (disk: Disk, path: RawPath, content: string, ignored: Ignored): void =>
  placeFile(disk, path, ignored, () => replaceFile(disk, path, content))

/** The names in a directory of the cache; none if it is missing or not a directory. */
export function listCacheDirectory(disk: Disk, path: RawPath): readonly RawPath[] {
  try {
    return disk.readdir(path)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error))) throw error
    return []
  }
}

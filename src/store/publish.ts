// Publishes objects in `output/` atomically, and removes published outputs.
import type { RawPath } from '../platform/rawPath.ts'
import { display } from '../platform/rawPath.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { errorCode, parent, syncDirectory, temporariesIn, withTemporary } from '../platform/disk.ts'
import { fileDigest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import type { ObjectStore } from './objects.ts'
import type { StoredObject } from '../planner/domain.ts'

/** The mode of every published output. */
const MODE = 0o644

/** The result of publishing an output. */
export interface Published {
  /** The mtime of the copy in nanoseconds since 1970. lbuild reads it before it renames the copy to its final name. */
  readonly writtenAt: bigint
  /** The path of the preserved file that was there before, if there was one. */
  readonly preservedAs?: RawPath
}

/**
 * Publishes a copy of an object in `output/`, completely or not at all; it never shares an inode with the store.
 * `replaced` is the state of the file at that path when the caller found its content in the store. That file is replaced. Any
 * other file, and one that somebody changed since, is preserved as `NAME.preserved-N`. With `checked`, the copy is not
 * hashed again.
 */
export function publish(
  disk: Disk,
  store: ObjectStore,
  object: StoredObject,
  root: RawPath,
  path: RawPath,
  { replaced, checked }: { replaced: Stat | undefined; checked: boolean },
): Published {
  const target = `${root}/${path}`
  makeDirectories(disk, root, path)
  const published = withTemporary(disk, target, (temporary): Published => {
    store.copyOut(object.sha256, temporary, { mode: MODE, durable: true, checked })
    const { mtimeNs } = disk.lstat(temporary)!
    const preservedAs = install(disk, temporary, target, replaced)
    return { writtenAt: mtimeNs, ...(preservedAs === undefined ? {} : { preservedAs }) }
  })
  syncDirectory(disk, parent(target))
  return published
}

/** Renames a complete copy to its final name. Returns the path of the preserved file, if there is one. */
function install(
  disk: Disk,
  temporary: RawPath,
  target: RawPath,
  replaced: Stat | undefined,
): RawPath | undefined {
  const found = disk.lstat(target)
  if (found && !(replaced && isUnchanged(found, replaced))) {
    const preservedAs = freeName(disk, target)
    moveAside(disk, target, preservedAs)
    disk.rename(temporary, target)
    return preservedAs
  }
  if (!found) {
    disk.rename(temporary, target)
    return undefined
  }
  // Somebody may write to the replaced file until the rename. It still exists under another name then.
  const changed = withTemporary(disk, target, (former) => {
    const isLinked = link(disk, target, former)
    disk.rename(temporary, target)
    return isLinked && !removeIfUnchanged(disk, former, found) ? former : undefined
  })
  if (changed === undefined) return undefined
  const preservedAs = freeName(disk, target)
  disk.rename(changed, preservedAs)
  return preservedAs
}

/** Removes a file if its content is as it was; returns whether it was removed. */
function removeIfUnchanged(disk: Disk, path: RawPath, before: Stat): boolean {
  const last = disk.lstat(path)
  if (last && !isSameContent(last, before)) return false
  disk.unlink(path)
  return true
}

const isUnchanged = (now: Stat, before: Stat): boolean =>
  isSameContent(now, before) && now.ctimeNs === before.ctimeNs

/** Like {@link isUnchanged} for a file that was linked or renamed meanwhile, which sets its change time. */
const isSameContent = (now: Stat, before: Stat): boolean =>
  now.type === before.type &&
  now.ino === before.ino &&
  now.size === before.size &&
  now.mtimeNs === before.mtimeNs

/**
 * Preserves a file under another name. lbuild hard-links the file to the new name, so that the old path always has a
 * file. If the file system refuses the link, lbuild renames the file.
 */
function moveAside(disk: Disk, from: RawPath, to: RawPath): void {
  if (!link(disk, from, to)) disk.rename(from, to)
}

/** Hard-links a file to a new name. False if the file system or the kernel refuses links to it. */
function link(disk: Disk, from: RawPath, to: RawPath): boolean {
  try {
    disk.link(from, to)
    return true
  } catch (error) {
    if (!['EPERM', 'EMLINK', 'EOPNOTSUPP', 'ENOTSUP'].includes(errorCode(error))) throw error
    return false
  }
}

/**
 * Removes a published output that has content of the store. False if its content is modified: then it stays, because no
 * other copy exists. The output is renamed before it is removed, so that nobody can write to its path in between.
 */
export function unpublish(disk: Disk, store: ObjectStore, path: RawPath): boolean {
  const before = disk.lstat(path)
  if (before?.type !== 'file') return true
  if (!store.has({ sha256: fileDigest(disk, path), size: before.size })) return false
  const changed = withTemporary(disk, path, (aside) => {
    disk.rename(path, aside)
    return removeIfUnchanged(disk, aside, before) ? undefined : aside
  })
  if (changed !== undefined) disk.rename(changed, path)
  return changed === undefined
}

/**
 * Temporary files that killed builds left beside the outputs `paths` of `root`. Remove them only while no other process
 * can publish. Does not follow symbolic links.
 */
export function strayTemporaries(disk: Disk, root: RawPath, paths: readonly RawPath[]): readonly RawPath[] {
  if (!disk.lstat(root)) return []
  const real = disk.realpath(root)
  if (disk.lstat(real)?.type !== 'directory') return []
  const targets = new Set(paths.map((path) => `${root}/${path}`))
  const directories = new Set([...targets].map(parent))
  return [...directories].flatMap((directory) => {
    if (disk.lstat(directory)?.type !== 'directory' && directory !== root) return []
    if (disk.realpath(directory) !== real + directory.slice(root.length)) return []
    return temporariesIn(disk, directory)
      .filter(({ of }) => targets.has(of))
      .map(({ path }) => path)
  })
}

/** Creates the directories between `root` and an output. Throws for a symbolic link, which could lead anywhere. */
function makeDirectories(disk: Disk, root: RawPath, path: RawPath): void {
  disk.mkdir(root)
  const parts = path.split('/').slice(0, -1)
  parts.reduce((directory, part) => {
    const next = `${directory}/${part}`
    const stat = disk.lstat(next)
    if (stat && stat.type !== 'directory')
      throw new Failure(`cannot publish ${display(path)}: ${display(next)} is not a directory`, {
        hint: 'move it away and run the command again',
      })
    if (!stat) disk.mkdir(next)
    return next
  }, root)
}

/** The first free name of `NAME.preserved-1`, `NAME.preserved-2`, … */
function freeName(disk: Disk, path: RawPath): RawPath {
  for (let number = 1; ; number += 1)
    if (!disk.lstat(`${path}.preserved-${number}`)) return `${path}.preserved-${number}`
}

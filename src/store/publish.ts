// Publishes objects in `output/` atomically.
import type { RawPath } from '../platform/rawPath.ts'
import { display } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode, parent, syncDirectory, temporariesIn, withTemporary } from '../platform/disk.ts'
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
 * Publishes a copy of an object in `output/`, completely or not at all; it never shares an inode with the store. With
 * `preserve`, the file at that path is preserved as `NAME.preserved-N`. With `checked`, the copy is not hashed again.
 */
export function publish(
  disk: Disk,
  store: ObjectStore,
  object: StoredObject,
  root: RawPath,
  path: RawPath,
  { preserve, checked }: { preserve: boolean; checked: boolean },
): Published {
  const target = `${root}/${path}`
  makeDirectories(disk, root, path)
  const preservedAs = preserve ? freeName(disk, target) : undefined
  const writtenAt = withTemporary(disk, target, (temporary) => {
    store.copyOut(object.sha256, temporary, { mode: MODE, durable: true, checked })
    const { mtimeNs } = disk.lstat(temporary)!
    if (preservedAs !== undefined) moveAside(disk, target, preservedAs)
    disk.rename(temporary, target)
    return mtimeNs
  })
  syncDirectory(disk, parent(target))
  return { writtenAt, ...(preservedAs === undefined ? {} : { preservedAs }) }
}

/**
 * Preserves a file under another name. lbuild hard-links the file to the new name, so that the old path always has a
 * file. If the file system refuses the link, lbuild renames the file.
 */
function moveAside(disk: Disk, from: RawPath, to: RawPath): void {
  try {
    disk.link(from, to)
  } catch (error) {
    if (!['EPERM', 'EMLINK', 'EOPNOTSUPP', 'ENOTSUP'].includes(errorCode(error))) throw error
    disk.rename(from, to)
  }
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

import type { Bytes } from '../platform/bytes.ts'
import { display } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode, parent, syncDirectory, temporariesIn, withTemporary } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { ObjectStore } from './objects.ts'
import type { StoredObject } from '../planner/types.ts'

/** The mode of every published output. */
const MODE = 0o644

/** What was put at the place of an output. */
export interface Published {
  /** When its content was written, in nanoseconds since 1970: before anybody else could know its name. */
  readonly writtenAt: bigint
  /** Where what stood there is now, if it was not to be lost. */
  readonly aside?: Bytes
}

/**
 * Puts a copy of an object at its place in `output/`, whole or not at all, never sharing an inode with the store.
 * What stands there is renamed aside first if it is to be kept. Of an object that was `checked` a moment ago the copy is
 * not checked again.
 */
export function publish(
  disk: Disk,
  store: ObjectStore,
  object: StoredObject,
  root: Bytes,
  path: Bytes,
  { keep, checked }: { keep: boolean; checked: boolean },
): Published {
  const target = `${root}/${path}`
  makeDirectories(disk, root, path)
  const aside = keep ? freeName(disk, target) : undefined
  const writtenAt = withTemporary(disk, target, (temporary) => {
    store.copyOut(object.sha256, temporary, { mode: MODE, durable: true, checked })
    const { mtimeNs } = disk.lstat(temporary)!
    if (aside !== undefined) quarantine(disk, target, aside)
    disk.rename(temporary, target)
    return mtimeNs
  })
  syncDirectory(disk, parent(target))
  return { writtenAt, ...(aside === undefined ? {} : { aside }) }
}

/** Gives a file a second name, so that its place is never empty; what can have no second name is renamed. */
function quarantine(disk: Disk, from: Bytes, to: Bytes): void {
  try {
    disk.link(from, to)
  } catch (error) {
    if (!['EPERM', 'EMLINK', 'EOPNOTSUPP', 'ENOTSUP'].includes(errorCode(error))) throw error
    disk.rename(from, to)
  }
}

/**
 * The temporaries that killed builds left beside outputs, of which `paths` are the locations in `root`. They are to be
 * removed only where no other process can be publishing. Behind links nothing is looked for.
 */
export function strayTemporaries(disk: Disk, root: Bytes, paths: readonly Bytes[]): readonly Bytes[] {
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

/** Directories between `root` and an output must be directories: a link there could lead anywhere. */
function makeDirectories(disk: Disk, root: Bytes, path: Bytes): void {
  disk.mkdir(root)
  const parts = path.split('/').slice(0, -1)
  parts.reduce((directory, part) => {
    const next = `${directory}/${part}`
    const stat = disk.lstat(next)
    if (stat && stat.type !== 'directory')
      throw new Failure(`cannot publish ${display(path)}: ${display(next)} is no directory`, {
        hint: 'move it away and run again',
      })
    if (!stat) disk.mkdir(next)
    return next
  }, root)
}

/** `NAME.kept-1`, or the first such name that is free. */
function freeName(disk: Disk, path: Bytes): Bytes {
  for (let number = 1; ; number += 1)
    if (!disk.lstat(`${path}.kept-${number}`)) return `${path}.kept-${number}`
}

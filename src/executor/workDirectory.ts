import { execFileSync } from 'node:child_process'
import { fromBytes, toBytes } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { BUILD_ID } from '../events/logFiles.ts'

/** The file that marks a work directory as kept for somebody to look at. */
const FAILED = 'failed'

/** Where one run works. */
export interface WorkDirectory {
  readonly path: string
  readonly log: string
  readonly outputs: string
}

/** Makes an empty work directory, `work/BUILD.NAME`; an earlier one of the same name is removed. */
export function makeWorkDirectory(disk: Disk, cache: string, build: string, name: string): WorkDirectory {
  for (const entry of entries(disk, cache))
    if (entry.slice(entry.indexOf('.') + 1) === name) removeWork(disk, `${cache}/work/${entry}`)
  const path = `${cache}/work/${build}.${name}`
  for (const part of ['inputs', 'outputs', 'work', 'etc']) disk.mkdir(toBytes(`${path}/${part}`))
  return { path, log: `${path}/log`, outputs: `${path}/outputs` }
}

/** Keeps a work directory until its artifact runs again. */
export function preserveWork(disk: Disk, { path }: WorkDirectory): void {
  disk.close(disk.open(toBytes(`${path}/${FAILED}`), 'a', 0o644))
}

/** What builds call their directories: nothing else is ever removed. */
const OURS = new RegExp(`^(?:${BUILD_ID}|fetch|why)\\.`)

/** Removes what builds left behind that did not come to their end. Only for the holder of the workspace's lock. */
export function reclaimWork(disk: Disk, cache: string): void {
  for (const entry of leftovers(disk, cache)) removeWork(disk, `${cache}/work/${entry}`)
}

/** Whether there is something to reclaim, or a build is running. */
export const hasLeftovers = (disk: Disk, cache: string): boolean => leftovers(disk, cache).length > 0

const leftovers = (disk: Disk, cache: string): string[] =>
  entries(disk, cache).filter(
    (name) =>
      OURS.test(name) && !isLooking(disk, name) && !disk.lstat(toBytes(`${cache}/work/${name}/${FAILED}`)),
  )

/** Whether a directory is of a `why` that looks into images: that takes no lock. */
const isLooking = (disk: Disk, name: string): boolean =>
  name.startsWith('why.') && disk.lstat(toBytes(`/proc/${name.slice('why.'.length)}`)) !== undefined

/** Removes a work directory, also where producers left files of other users of their namespace. */
export function removeWork(disk: Disk, path: string): void {
  try {
    disk.removeTree(toBytes(path))
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errorCode(error))) throw error
    execFileSync('unshare', ['--map-root-user', '--map-auto', '--', 'rm', '-rf', '--', path], {
      stdio: 'ignore',
    })
  }
}

/** Removes the work directory of a run that was killed. What its processes still hold is left for the next run. */
export function removeIfPossible(disk: Disk, path: string): void {
  try {
    removeWork(disk, path)
  } catch (error) {
    if (!['ENOTEMPTY', 'EBUSY'].includes(errorCode(error))) throw error
  }
}

function entries(disk: Disk, cache: string): string[] {
  const directory = toBytes(`${cache}/work`)
  return disk.lstat(directory) ? disk.readdir(directory).map(fromBytes) : []
}

// The directories in which producers run: created, preserved after a failure, and reclaimed after a crash.
import { execFileSync } from 'node:child_process'
import { BUILD_ID } from '../events/logFiles.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { listCacheDirectory } from '../platform/quarantine.ts'
import { asOwner, producerOwner } from './namespaces.ts'

/** The file that marks a work directory as preserved for inspection. */
const FAILED = 'failed'

/** The paths of one run. */
export interface WorkDirectory {
  readonly path: string
  readonly log: string
  readonly outputs: string
}

const OF_A_RUN = new RegExp(`^${BUILD_ID}\\.`)

/** Creates an empty work directory, `work/BUILD.NAME`, and removes those of earlier runs of the same name. */
export function makeWorkDirectory(disk: Disk, cache: string, build: string, name: string): WorkDirectory {
  for (const entry of entries(disk, cache))
    if (OF_A_RUN.test(entry) && entry.slice(entry.indexOf('.') + 1) === name)
      discardWork(disk, `${cache}/work/${entry}`)
  const path = `${cache}/work/${build}.${name}`
  for (const part of ['inputs', 'outputs', 'work', 'etc']) disk.mkdir(toRawPath(`${path}/${part}`))
  return { path, log: `${path}/log`, outputs: `${path}/outputs` }
}

/**
 * Gives files to user 0 of the sandbox. Root does not run producers as itself, so it changes the owner; for other users,
 * user 0 is the user who runs lbuild.
 */
export function giveToProducer(disk: Disk, paths: readonly RawPath[]): void {
  const owner = producerOwner()
  if (owner) for (const path of paths) disk.chown(path, owner.uid, owner.gid)
}

/** Preserves a work directory until its artifact runs again. */
export function preserveWork(disk: Disk, { path }: WorkDirectory): void {
  disk.close(disk.open(toRawPath(`${path}/${FAILED}`), 'a', 0o644))
}

/** Removes everything but the log from the work directory of a failed run, and preserves that. */
export function preserveLog(disk: Disk, work: WorkDirectory): void {
  for (const part of ['inputs', 'outputs', 'work', 'scratch', 'etc'])
    discardWork(disk, `${work.path}/${part}`)
  preserveWork(disk, work)
}

/** Removes the work directories of failed runs. Only the holder of the workspace lock may call it. */
export function reclaimFailed(disk: Disk, cache: string): void {
  for (const entry of entries(disk, cache))
    if (OF_A_RUN.test(entry)) discardWork(disk, `${cache}/work/${entry}`)
}

/** The names that lbuild gives to directories in `work/`. It removes nothing else there. */
const OURS = new RegExp(`^(?:${BUILD_ID}|fetch|why)\\.`)

/** Removes the work directories of builds that did not finish. Only the holder of the workspace lock may call it. */
export function reclaimWork(disk: Disk, cache: string): void {
  for (const entry of leftovers(disk, cache)) discardWork(disk, `${cache}/work/${entry}`)
}

/** Whether there are work directories of unfinished builds. Also true while a build runs. */
export const hasLeftovers = (disk: Disk, cache: string): boolean => leftovers(disk, cache).length > 0

const leftovers = (disk: Disk, cache: string): string[] =>
  entries(disk, cache).filter(
    (name) =>
      OURS.test(name) && !isInUse(disk, name) && !disk.lstat(toRawPath(`${cache}/work/${name}/${FAILED}`)),
  )

/** Whether a directory belongs to a running `why`, which unpacks images without holding the workspace lock. */
const isInUse = (disk: Disk, name: string): boolean =>
  name.startsWith('why.') && disk.lstat(toRawPath(`/proc/${name.slice('why.'.length)}`)) !== undefined

/**
 * Removes a work directory, whatever producers left in it: files of other users of their namespace, and directories so deep
 * that their paths are too long for the kernel. Throws an error of the operating system if that is impossible.
 */
export function removeWork(disk: Disk, path: string): void {
  try {
    disk.removeTree(toRawPath(path))
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ENAMETOOLONG'].includes(errorCode(error))) throw error
    const [program = '', ...args] = [...asOwner(), 'rm', '-rf', '--', path]
    execFileSync(program, args, { stdio: 'ignore' })
  }
}

/**
 * Removes a work directory if it is possible. Otherwise the directory stays, because that must not fail a build whose
 * outputs are complete: dying processes may still hold files in it, or a producer made a file immutable. The next build
 * tries again.
 */
export function discardWork(disk: Disk, path: string): void {
  try {
    removeWork(disk, path)
  } catch (error) {
    if (errorCode(error) === '' && !(error instanceof Error && 'status' in error)) throw error
  }
}

function entries(disk: Disk, cache: string): string[] {
  return listCacheDirectory(disk, toRawPath(`${cache}/work`)).map(fromRawPath)
}

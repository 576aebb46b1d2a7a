// What a session does when a disk is full.
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Locations } from '../config/locations.ts'
import { storeOf } from '../config/locations.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { nativePath, toRawPath } from '../platform/rawPath.ts'

/** Below this many free bytes, a file system counts as full: a build writes more than that for its log and records. */
const FULL = 256 * 1024

/** Whether an error of the operating system says that a disk or a quota has no space left. */
export const isLackOfSpace = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errorCode(error))

/** Whether the file system of the cache is full. */
export const isCacheFull = ({ cache }: Pick<Locations, 'cache'>): boolean => freeBytes(cache) < FULL

/**
 * Adds to an error about lack of space the directory that is full: of those that a build writes to, the one with the least
 * space. Any other error is unchanged.
 */
export function nameFullDirectory(error: unknown, locations: Locations): void {
  if (!isLackOfSpace(error) || !(error instanceof Error)) return
  const { cache, output } = locations
  const [fullest] = [cache, storeOf(locations), output, tmpdir()].sort((a, b) => freeBytes(a) - freeBytes(b))
  Object.assign(error, { directory: fullest })
}

/** The failure of a producer that filled the disk. What it reports itself may only follow from that. */
export const fullDuringRun = ({ cache }: Pick<Locations, 'cache'>, reported: Failure): Failure =>
  new Failure('the disk is full', {
    facts: [
      ['full directory', cache],
      ['reported', reported.headline],
    ],
    tail: reported.tail,
    hint: 'free space there and run lbuild again, or run lbuild gc with a smaller --max-size',
    cause: reported,
  })

/** The bytes that this user may still write to a file system; infinite if that is unknown. */
function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(nativePath(toRawPath(path)))
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

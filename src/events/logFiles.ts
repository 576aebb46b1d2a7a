import { randomBytes } from 'node:crypto'
import type { Bytes } from '../platform/bytes.ts'
import { fromBytes, toBytes } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'

/**
 * The name of a build, as a pattern: when it began in UTC, to the millisecond, and random digits, such as
 * `20260131-101502-123-4f2a9c`. Names sort in the order in which builds of a workspace began. Those of before end with
 * the number of a process.
 */
export const BUILD_ID = String.raw`\d{8}-\d{6}-\d+(?:-[0-9a-f]{6})?`

const LOG = new RegExp(String.raw`^(${BUILD_ID})\.jsonl$`)
const TIMED = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(\d{3})-[0-9a-f]{6}$/

const directoryOf = (cache: string): Bytes => toBytes(`${cache}/log`)

/** Where the log of a build is. */
export const logPath = (cache: string, build: string): Bytes =>
  `${directoryOf(cache)}/${toBytes(build)}.jsonl`

/** The builds of which there is a log, in the order in which they began. */
export function loggedIds(disk: Disk, cache: string): readonly string[] {
  const directory = directoryOf(cache)
  if (disk.lstat(directory)?.type !== 'directory') return []
  return disk
    .readdir(directory)
    .flatMap((name) => LOG.exec(fromBytes(name))?.[1] ?? [])
    .sort()
}

/** How many logs are kept. */
const KEPT = 100

/** The logs beyond those of the newest builds. */
export const oldLogs = (disk: Disk, cache: string): readonly Bytes[] =>
  loggedIds(disk, cache)
    .slice(0, -KEPT)
    .map((id) => logPath(cache, id))

/**
 * A name for a build that begins at a time, in milliseconds since 1970: after all names in the log, also where the clock
 * was set back. Only for the holder of the workspace's lock.
 */
export function newBuildId(disk: Disk, cache: string, now: number): string {
  const newest = loggedIds(disk, cache).reduce((most, id) => Math.max(most, timeOf(id)), 0)
  const time = new Date(Math.max(now, newest + 1)).toISOString()
  const digits = time.slice(0, -1).replaceAll(/[-:]/g, '').replaceAll(/[T.]/g, '-')
  return `${digits}-${randomBytes(3).toString('hex')}`
}

/** The time in the name of a build, in milliseconds since 1970; 0 for a name that holds none. */
function timeOf(id: string): number {
  const [year, month, day, hour, minute, second, thousandths] = TIMED.exec(id)?.slice(1).map(Number) ?? []
  if (year === undefined) return 0
  const time = Date.UTC(year, month! - 1, day, hour, minute, second, thousandths)
  // A name that is no date, such as one with a 13th month, was given by nobody here; nor was the end of all dates.
  return new Date(time).getUTCMonth() === month! - 1 && year < 9999 ? time : 0
}

// Names the builds of a workspace, and finds the files of their logs.
import { randomBytes } from 'node:crypto'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'

/**
 * The name of a build, as a pattern: when it began, in UTC to the millisecond, and random digits, such as
 * `20260131-101502-123-4f2a9c`. Names sort in the order in which the builds of a workspace began. Older versions of
 * lbuild end names with a process number.
 */
export const BUILD_ID = String.raw`\d{8}-\d{6}-\d+(?:-[0-9a-f]{6})?`

const LOG = new RegExp(String.raw`^(${BUILD_ID})\.jsonl$`)
const TIMED = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(\d{3})-[0-9a-f]{6}$/

const directoryOf = (cache: string): RawPath => toRawPath(`${cache}/log`)

/** The path of a build's log. */
export const logPath = (cache: string, build: string): RawPath =>
  `${directoryOf(cache)}/${toRawPath(build)}.jsonl`

/** The names of the builds that have a log, oldest first. */
export function loggedIds(disk: Disk, cache: string): readonly string[] {
  const directory = directoryOf(cache)
  if (disk.lstat(directory)?.type !== 'directory') return []
  return disk
    .readdir(directory)
    .flatMap((name) => LOG.exec(fromRawPath(name))?.[1] ?? [])
    .sort()
}

/** How many logs `gc` retains. */
const RETAINED = 100

/** The logs of all but the newest builds. */
export const oldLogs = (disk: Disk, cache: string): readonly RawPath[] =>
  loggedIds(disk, cache)
    .slice(0, -RETAINED)
    .map((id) => logPath(cache, id))

/**
 * Names a build that begins at a time, in milliseconds since 1970. The name sorts after all names in the log, even if the
 * clock was set back. The caller must hold the workspace lock.
 */
export function newBuildId(disk: Disk, cache: string, now: number): string {
  const newest = loggedIds(disk, cache).reduce((most, id) => Math.max(most, timeOf(id)), 0)
  const time = new Date(Math.max(now, newest + 1)).toISOString()
  const digits = time.slice(0, -1).replaceAll(/[-:]/g, '').replaceAll(/[T.]/g, '-')
  return `${digits}-${randomBytes(3).toString('hex')}`
}

/** The time in the name of a build, in milliseconds since 1970; 0 if the name holds no valid date. */
function timeOf(id: string): number {
  const [year = 0, month = 0, day, hour, minute, second, thousandths] =
    TIMED.exec(id)?.slice(1).map(Number) ?? []
  if (year === 0) return 0
  const time = Date.UTC(year, month - 1, day, hour, minute, second, thousandths)
  // Date.UTC accepts a 13th month or a 31st of February, and newBuildId needs a date after this one. So an impossible
  // date and the year 9999 count as 0.
  return new Date(time).getUTCMonth() === month - 1 && year < 9999 ? time : 0
}

import type { Disk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { loggedIds, logPath } from './logFiles.ts'
import type { LoggedBuild } from './loggedBuild.ts'
import { loggedBuild } from './loggedBuild.ts'
import type { ReadLog } from './logReader.ts'
import { readLog } from './logReader.ts'

/**
 * The builds that the log tells of, newest first, each read when it is asked for. A log of which nothing can be read
 * stands for a build of which nothing is known; those of commands that build nothing are left out. Takes no lock, writes
 * nothing and needs no config.
 */
export function* listBuilds(disk: Disk, cache: string): Generator<LoggedBuild, void> {
  for (const id of loggedIds(disk, cache).toReversed()) {
    const log = readLog(disk, logPath(cache, id))
    if (isOfBuild(log)) yield loggedBuild(id, log)
  }
}

/**
 * Reads one build: that whose name, or whose name's last part, begins with `id`, or `last`, the one that began last.
 * Undefined where there is none. Throws a Failure (exit code 2) where several builds can be meant.
 */
export function readBuild(disk: Disk, cache: string, id: string): LoggedBuild | undefined {
  if (id === 'last') return listBuilds(disk, cache).next().value ?? undefined
  const known = loggedIds(disk, cache)
  const isMeant = (name: string): boolean =>
    name.startsWith(id) || name.slice(name.lastIndexOf('-') + 1).startsWith(id)
  const named = known.includes(id) ? [id] : known.filter(isMeant)
  if (named.length > 1)
    throw new Failure(`${named.length} builds have names that begin with '${id}'`, {
      facts: [['the newest', named.slice(-5).join('\n')]],
      hint: 'write more of it',
      exitCode: 2,
    })
  return named[0] === undefined ? undefined : loggedBuild(named[0], readLog(disk, logPath(cache, named[0])))
}

/** What `update` and `verify` write, too. */
const OF_ALL = new Set(['resolving', 'resolved', 'fetching', 'fetched', 'warning', 'rebuilding', 'rebuilt'])

const isOfBuild = ({ lines }: ReadLog): boolean =>
  lines.length === 0 || lines.some(({ event }) => !OF_ALL.has(event.type))

// Finds past builds in the event log.
import type { Disk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { buildFromLog } from './buildFromLog.ts'
import { loggedIds, logPath } from './logFiles.ts'
import type { LoggedBuild } from './loggedBuild.ts'
import type { ReadLog } from './logFormat.ts'
import { readLog } from './logReader.ts'

/**
 * The past builds, newest first; each is read when the caller asks for it. An unreadable log gives a build without
 * data. Logs of commands that build nothing are left out. Takes no workspace lock, writes nothing and needs no config.
 * `ended` remembers the builds that ended, so that a later call does not read them again.
 */
export async function* listBuilds(
  disk: Disk,
  cache: string,
  ended?: Map<string, LoggedBuild>,
): AsyncGenerator<LoggedBuild, void> {
  for (const id of loggedIds(disk, cache).toReversed()) {
    const known = ended?.get(id)
    if (known) {
      yield known
      continue
    }
    const log = await readLog(disk, logPath(cache, id))
    if (!isOfBuild(log)) continue
    const build = buildFromLog(id, log)
    if (build.end !== 'unfinished') ended?.set(id, build)
    yield build
  }
}

/**
 * Reads one build: the one whose name, or the last part of it, begins with `id`; or with `last`, the newest. Undefined if
 * there is none. Throws a Failure (exit code 2) if several builds match.
 */
export async function readBuild(disk: Disk, cache: string, id: string): Promise<LoggedBuild | undefined> {
  if (id === 'last') return (await listBuilds(disk, cache).next()).value ?? undefined
  const all = loggedIds(disk, cache)
  const matches = (name: string): boolean =>
    name.startsWith(id) || name.slice(name.lastIndexOf('-') + 1).startsWith(id)
  const [found, ...others] = all.includes(id) ? [id] : all.filter(matches)
  if (found === undefined) return undefined
  if (others.length > 0)
    throw new Failure(`${others.length + 1} builds match '${id}'`, {
      facts: [['the newest', [found, ...others].slice(-5).join('\n')]],
      hint: 'write more digits of the id',
      exitCode: 2,
    })
  return buildFromLog(found, await readLog(disk, logPath(cache, found)))
}

/** Events that `update` and `verify` log, too. */
const SHARED_EVENTS = new Set([
  'resolving',
  'resolved',
  'fetching',
  'fetched',
  'warning',
  'rebuilding',
  'rebuilt',
])

const isOfBuild = ({ lines }: ReadLog): boolean =>
  lines.length === 0 || lines.some(({ event }) => !SHARED_EVENTS.has(event.type))

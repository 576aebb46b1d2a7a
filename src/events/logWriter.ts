import { monotonicSeconds } from '../platform/clock.ts'
import { sha256 } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { parent } from '../platform/disk.ts'
import { cutEvent } from './truncateEvent.ts'
import type { BuildEvent, Listener } from './events.ts'
import { logPath } from './logFiles.ts'

/** The version of a line of the event log: a line of another one is not read. */
export const LINE_VERSION = 3

/** The clocks that stamp the lines of a log. */
export interface LogClocks {
  /** Nanoseconds since 1970. */
  readonly now: () => bigint
  /** When the build began, in seconds of {@link monotonicSeconds}. */
  readonly startedAt: number
}

/** Writes every event of a build as one line to `log/BUILD.jsonl`. */
export function eventLog(disk: Disk, cache: string, build: string, { now, startedAt }: LogClocks): Listener {
  const path = logPath(cache, build)
  disk.mkdir(parent(path))
  let torn = false
  return (event) => {
    const at = Number(now() / 1_000_000n)
    const t = Math.max(0, Math.round((monotonicSeconds() - startedAt) * 1e6) / 1e3)
    const line = formatLine({ at, t, event })
    const fd = disk.open(path, 'a', 0o644)
    try {
      // What a full disk left of a line must not take the next one with it.
      disk.write(fd, Buffer.from(torn ? `\n${line}\n` : `${line}\n`), null)
      torn = false
    } catch (error) {
      torn = true
      throw error
    } finally {
      disk.close(fd)
    }
  }
}

/** One line of a log. */
export interface LogLine {
  /** The wall clock, in milliseconds since 1970. */
  readonly at: number
  /** Since the build began, in milliseconds, by a clock that only goes forward. */
  readonly t: number
  readonly event: BuildEvent
}

/**
 * A line as it is written: JSON whose last member, `sum`, is the beginning of the SHA-256 of the JSON without it. So a
 * line that was cut, or in which a byte flipped, is never believed.
 */
export function formatLine({ at, t, event }: LogLine): string {
  const kept = cutEvent(event)
  const body = JSON.stringify({ v: LINE_VERSION, at, t, ...kept, ...(kept === event ? {} : { cut: true }) })
  return `${body.slice(0, -1)},"sum":"${sumOf(body)}"}`
}

/** The sum that a line carries over the rest of it: the first 16 hexadecimal digits of the SHA-256. */
export const sumOf = (body: string): string => sha256(body).slice(0, 16)

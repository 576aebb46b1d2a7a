// Writes the events of a build to its log, one line for each.
import { monotonicSeconds } from '../platform/clock.ts'
import { sha256 } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { parent } from '../platform/disk.ts'
import type { BuildEvent, Listener } from './events.ts'
import { logPath } from './logFiles.ts'
import { truncateEvent } from './truncateEvent.ts'

/** The version of a line of the event log. Lines of other versions are not read. */
export const LINE_VERSION = 3

/** The clocks that stamp the lines of a log. */
export interface LogClocks {
  /** Nanoseconds since 1970. */
  readonly now: () => bigint
  /** When the build began, in seconds of {@link monotonicSeconds}. */
  readonly startedAt: number
}

/** Writes every event of a build as one line to `log/BUILD.jsonl`. The listener throws if it cannot write a line. */
export function eventLog(disk: Disk, cache: string, build: string, { now, startedAt }: LogClocks): Listener {
  const path = logPath(cache, build)
  disk.mkdir(parent(path))
  let isTorn = false
  return (event) => {
    const at = Number(now() / 1_000_000n)
    const t = Math.max(0, Math.round((monotonicSeconds() - startedAt) * 1e6) / 1e3)
    const line = formatLine({ at, t, event })
    const fd = disk.open(path, 'a', 0o644)
    try {
      // A full disk may have truncated the previous line. A newline keeps this one readable.
      disk.write(fd, Buffer.from(isTorn ? `\n${line}\n` : `${line}\n`), null)
      isTorn = false
    } catch (error) {
      isTorn = true
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
  /** The milliseconds since the build began, by a monotonic clock. */
  readonly t: number
  readonly event: BuildEvent
}

/**
 * Formats a line: JSON whose last member, `sum`, is the checksum of the JSON without it. So a truncated line, or one in
 * which a bit flipped, is never taken for an event.
 */
export function formatLine({ at, t, event }: LogLine): string {
  const written = truncateEvent(event)
  const isCut = written !== event
  const body = JSON.stringify({ v: LINE_VERSION, at, t, ...written, ...(isCut ? { cut: true } : {}) })
  return `${body.slice(0, -1)},"sum":"${checksumOf(body)}"}`
}

/** The checksum of a line: the first 16 hexadecimal digits of the SHA-256 of the line without it. */
export const checksumOf = (body: string): string => sha256(body).slice(0, 16)

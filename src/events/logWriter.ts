// Writes the events of a build to its log, one line for each.
import { monotonicSeconds } from '../platform/clock.ts'
import type { Disk } from '../platform/disk.ts'
import { parent } from '../platform/disk.ts'
import type { Listener } from './events.ts'
import { logPath } from './logFiles.ts'
import { logFormat } from './logFormat.ts'

/** The clocks that stamp the lines of a log. */
export interface LogClocks {
  /** Nanoseconds since 1970. */
  readonly now: () => bigint
  /** When the build began, in seconds of {@link monotonicSeconds}. */
  readonly startedAt: number
}

/** Writes every event of a build as one line to `log/BUILD.jsonl`. The listener throws if it cannot write a line. */
export async function eventLog(
  disk: Disk,
  cache: string,
  build: string,
  { now, startedAt }: LogClocks,
): Promise<Listener> {
  const { formatLine } = await logFormat()
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

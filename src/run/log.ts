import { toBytes } from '../host/bytes.ts'
import type { Disk } from '../host/disk.ts'
import type { BuildEvent, Listener } from './events.ts'

/** The version of a line of the event log. */
const VERSION = 1

/** Writes every event of a build as one line of JSON to `log/BUILD.jsonl`. */
export function eventLog(disk: Disk, cache: string, build: string, now: () => bigint): Listener {
  const directory = toBytes(`${cache}/log`)
  disk.mkdir(directory)
  const path = `${directory}/${build}.jsonl`
  return (event: BuildEvent): void => {
    const line = JSON.stringify({ v: VERSION, at: Number(now() / 1_000_000n), ...event })
    const fd = disk.open(path, 'a', 0o644)
    try {
      disk.write(fd, Buffer.from(`${line}\n`), null)
    } finally {
      disk.close(fd)
    }
  }
}

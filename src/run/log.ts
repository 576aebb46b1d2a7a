import type { Bytes } from '../host/bytes.ts'
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

/** How many logs are kept. */
const KEPT = 100

/** The logs beyond those of the newest builds; a build's name sorts by its time. */
export function oldLogs(disk: Disk, cache: string): readonly Bytes[] {
  const directory = toBytes(`${cache}/log`)
  if (!disk.lstat(directory)) return []
  const names = disk.readdir(directory).filter((name) => /^\d{8}-\d{6}-\d+\.jsonl$/.test(name))
  return names
    .sort()
    .slice(0, -KEPT)
    .map((name) => `${directory}/${name}`)
}

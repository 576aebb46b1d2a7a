import * as v from 'valibot'
import type { Bytes } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { EVENT, TIMES } from './schema.ts'
import type { LogLine } from './logWriter.ts'
import { LINE_VERSION, sumOf } from './logWriter.ts'

/** What could be read of a log. */
export interface ReadLog {
  readonly lines: readonly LogLine[]
  /** Whether all of it could be read: no line was cut, damaged, or of another version. */
  readonly whole: boolean
}

/** No log is larger, in bytes: what is, was not written by lbuild. */
const LARGEST = 2 ** 26

const UNREADABLE: ReadLog = { lines: [], whole: false }

/** Reads a log as far as it can be read. Never throws for what is in it, nor for one that is not there or no file. */
export function readLog(disk: Disk, path: Bytes): ReadLog {
  try {
    const stat = disk.lstat(path)
    if (stat?.type !== 'file' || stat.size > LARGEST) return UNREADABLE
    return parseLog(disk.readFile(path).toString())
  } catch (error) {
    if (errorCode(error) === '') throw error
    return UNREADABLE
  }
}

/** Reads the text of a log: one line for each event, and what cannot be read of it is left out. */
export function parseLog(text: string): ReadLog {
  const all = text.split('\n')
  const last = all.pop()
  const lines = all.flatMap((line) => parseLine(line) ?? [])
  return { lines, whole: last === '' && lines.length === all.length && lines.length > 0 }
}

const LINE = /^(\{.*),"sum":"([0-9a-f]{16})"\}$/s

/** Reads one line; undefined where it is not whole, or not one that this lbuild writes. */
export function parseLine(line: string): LogLine | undefined {
  const [, body, sum] = LINE.exec(line) ?? []
  if (body === undefined || sumOf(`${body}}`) !== sum) return undefined
  try {
    const { v: version, at, t, ...rest } = JSON.parse(`${body}}`) as Record<string, unknown>
    if (version !== LINE_VERSION) return undefined
    return { ...v.parse(TIMES, { at, t }), event: v.parse(EVENT, rest) }
  } catch {
    // Whatever is wrong with it, be it nested deeper than any parser goes.
    return undefined
  }
}

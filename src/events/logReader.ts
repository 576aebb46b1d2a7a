// Reads an event log, as far as it is intact.
import * as v from 'valibot'
import type { RawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { LOGGED_EVENT } from './events.ts'
import { amount } from './explanationSchema.ts'
import type { LogLine } from './logWriter.ts'
import { LINE_VERSION, checksumOf } from './logWriter.ts'

/** What could be read of a log. */
export interface ReadLog {
  readonly lines: readonly LogLine[]
  /** Whether every line could be read: none was truncated, damaged or of another version. */
  readonly complete: boolean
}

/** The size limit of a log, in bytes. A larger file is not read. */
const LARGEST = 2 ** 26

const UNREADABLE: ReadLog = { lines: [], complete: false }

/** Reads a log as far as it is intact. Never throws because of its content, or because it is missing or not a file. */
export function readLog(disk: Disk, path: RawPath): ReadLog {
  try {
    const stat = disk.lstat(path)
    if (stat?.type !== 'file' || stat.size > LARGEST) return UNREADABLE
    return parseLog(disk.readFile(path).toString())
  } catch (error) {
    if (errorCode(error) === '') throw error
    return UNREADABLE
  }
}

/** Parses the text of a log, one event a line, and skips the lines that it cannot read. */
export function parseLog(text: string): ReadLog {
  const all = text.split('\n')
  const last = all.pop()
  const lines = all.flatMap((line) => parseLine(line) ?? [])
  return { lines, complete: last === '' && lines.length === all.length && lines.length > 0 }
}

const LINE = /^(\{.*),"sum":"([0-9a-f]{16})"\}$/s

/** ECMA-262, 21.4.1.1: no date is later than this, in milliseconds since 1970. */
const time = v.pipe(amount, v.maxValue(8.64e15))
const STAMPS = v.object({ v: v.literal(LINE_VERSION), at: time, t: time })

/** Parses one line; undefined if it is truncated or damaged, or not a line that this version of lbuild writes. */
export function parseLine(line: string): LogLine | undefined {
  const [, body, sum] = LINE.exec(line) ?? []
  if (body === undefined || checksumOf(`${body}}`) !== sum) return undefined
  try {
    const value: unknown = JSON.parse(`${body}}`)
    if (!v.is(STAMPS, value) || !v.is(LOGGED_EVENT, value)) return undefined
    const { v: _, at, t, ...event } = value
    return { at, t, event }
  } catch {
    // JSON that is nested deeper than the stack allows.
    return undefined
  }
}

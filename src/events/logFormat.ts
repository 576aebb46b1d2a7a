// The format of an event log: one line of JSON for each event, with a checksum.
import * as v from 'valibot'
import type { BuildEvent } from './events.ts'
import { LOGGED_EVENT } from './events.ts'
import { amount } from './explanationSchema.ts'
import { truncateEvent } from './truncateEvent.ts'

/** The version of a line of the event log. Lines of other versions are not read. */
export const LINE_VERSION = 4

/** One line of a log. */
export interface LogLine {
  /** The wall clock, in milliseconds since 1970. */
  readonly at: number
  /** The milliseconds since the build began, by a monotonic clock. */
  readonly t: number
  readonly event: BuildEvent
}

/** What could be read of a log. */
export interface ReadLog {
  readonly lines: readonly LogLine[]
  /** Whether every line could be read: none was truncated, damaged or of another version. */
  readonly complete: boolean
}

export interface LogFormat {
  /** Formats a line without its newline. Large events are shortened. */
  formatLine(line: LogLine): string
  /** Parses one line; undefined if it is truncated or damaged, or not a line that this version of lbuild writes. */
  parseLine(line: string): LogLine | undefined
  /** Parses the text of a log, one event a line, and skips the lines that it cannot read. */
  parseLog(text: string): ReadLog
  /** Adds the checksum to a JSON object: the member `sum`, the XXH64 of the JSON without it. */
  withChecksum(body: string): string
}

let loaded: Promise<LogFormat> | undefined

/**
 * Loads the format. The checksum is XXH64, as 16 hexadecimal digits (https://xxhash.com, specification 0.1.1): a
 * truncated line, or one in which a bit flipped, is never taken for an event. It does not stop an attacker.
 */
export const logFormat = (): Promise<LogFormat> => (loaded ??= load())

async function load(): Promise<LogFormat> {
  const { default: xxhash } = await import('xxhash-wasm')
  const { h64ToString } = await xxhash()
  const parseLine = (line: string): LogLine | undefined => {
    const [, body, sum] = LINE.exec(line) ?? []
    return body !== undefined && h64ToString(`${body}}`) === sum ? parseBody(`${body}}`) : undefined
  }
  const withChecksum = (body: string): string => `${body.slice(0, -1)},"sum":"${h64ToString(body)}"}`
  return {
    formatLine: (line) => withChecksum(bodyOf(line)),
    parseLine,
    parseLog(text) {
      const all = text.split('\n')
      const last = all.pop()
      const lines = all.flatMap((line) => parseLine(line) ?? [])
      return { lines, complete: last === '' && lines.length === all.length && lines.length > 0 }
    },
    withChecksum,
  }
}

const LINE = /^(\{.*),"sum":"([0-9a-f]{16})"\}$/s

/** ECMA-262, 21.4.1.1: no date is later than this, in milliseconds since 1970. */
const time = v.pipe(amount, v.maxValue(8.64e15))
const STAMPS = v.object({ v: v.literal(LINE_VERSION), at: time, t: time })

function bodyOf({ at, t, event }: LogLine): string {
  const written = truncateEvent(event)
  const isCut = written !== event
  return JSON.stringify({ v: LINE_VERSION, at, t, ...written, ...(isCut ? { cut: true } : {}) })
}

function parseBody(body: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(body)
    if (!v.is(STAMPS, value) || !v.is(LOGGED_EVENT, value)) return undefined
    const { v: _, at, t, ...event } = value
    return { at, t, event }
  } catch {
    // JSON that is nested deeper than the stack allows.
    return undefined
  }
}

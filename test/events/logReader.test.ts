// Tests that a log is read as it was written, and that damage never makes reading fail or goes unnoticed.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toRawPath } from '../../src/platform/rawPath.ts'
import type { Disk } from '../../src/platform/disk.ts'
import { detailLines, summaryLines } from '../../src/cli/render/historyView.ts'
import { traceOf } from '../../src/cli/trace/trace.ts'
import { listBuilds, readBuild } from '../../src/events/buildHistory.ts'
import type { LoggedBuild } from '../../src/events/loggedBuild.ts'
import { buildFromLog } from '../../src/events/buildFromLog.ts'
import type { LogLine } from '../../src/events/logFormat.ts'
import { logFormat } from '../../src/events/logFormat.ts'
import { EVENTS, linesOf, logOf } from '../support/logged.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'

const { formatLine, parseLine, parseLog, withChecksum } = await logFormat()

const CACHE = '/cache'
const ID = '20260131-101502-123-4f2a9c'

/** Renders a build in every form. */
function render(build: LoggedBuild): void {
  summaryLines(build, 0)
  detailLines(build, 0)
  traceOf(build)
}

const ALL = linesOf(...Object.values(EVENTS))
const TEXT = logOf(ALL)
const BYTES = toRawPath(TEXT)

describe('a line of the log', () => {
  it.each(ALL.map((line) => [line.event.type, line] as const))(
    'of type %s is parsed as it was written',
    (_, line) => {
      expect(parseLine(formatLine(line))).toEqual(line)
    },
  )

  it('is JSON with its version, both times, the event, and a checksum at its end', () => {
    const line = formatLine({ at: 1_769_850_902_123, t: 41.25, event: EVENTS.retrying })
    expect(line).toMatch(
      /^\{"v":4,"at":1769850902123,"t":41.25,"type":"retrying","artifact":"packed",.*,"sum":"[0-9a-f]{16}"\}$/,
    )
    expect(JSON.parse(line)).toMatchObject({ v: 4, ...EVENTS.retrying })
  })

  it('is not parsed if it has another version or lacks a member', () => {
    const checksummed = (value: object): string => withChecksum(JSON.stringify(value))
    const base = { v: 4, at: 1, t: 1 }
    expect(parseLine(checksummed({ ...base, ...EVENTS.fetched }))).toBeDefined()
    expect(parseLine(checksummed({ ...base, v: 2, ...EVENTS.fetched }))).toBeUndefined()
    expect(parseLine(checksummed({ ...base, type: 'fetched', lockfile: 'packages' }))).toBeUndefined()
    expect(parseLine(checksummed({ ...base, type: 'unknown' }))).toBeUndefined()
    expect(parseLine(checksummed({ ...base, at: -1, ...EVENTS.fetched }))).toBeUndefined()
    expect(parseLine(JSON.stringify({ ...base, ...EVENTS.fetched }))).toBeUndefined()
    // A later lbuild may add members to a line.
    expect(parseLine(checksummed({ ...base, ...EVENTS.fetched, more: [1] }))?.event).toEqual({
      ...EVENTS.fetched,
      more: [1],
    })
  })

  it('is not parsed if any of its bytes is flipped', () => {
    for (const { event } of ALL) {
      const line = Buffer.from(formatLine({ at: 1, t: 2, event }))
      for (let at = 0; at < line.length; at += 1)
        for (const bits of [0x01, 0x20, 0x80]) {
          const flipped = Buffer.from(line)
          flipped[at]! ^= bits
          if (parseLine(flipped.toString()) !== undefined)
            throw new Error(`parsed: ${flipped.toString()}, byte ${at} ^ ${bits}`)
        }
    }
  })
})

describe('a log', () => {
  it('that is truncated at any length yields its complete lines, and is marked incomplete', () => {
    const lengths = ALL.map((line) => Buffer.byteLength(`${formatLine(line)}\n`))
    const bytes = Buffer.from(TEXT)
    let complete = 0
    let end = 0
    for (let length = 0; length <= bytes.length; length += 1) {
      const isEnd = length === end + lengths[complete]!
      if (isEnd) end += lengths[complete++]!
      const log = parseLog(bytes.subarray(0, length).toString())
      expect([log.lines.length, log.complete]).toEqual([complete, isEnd])
      // Rendering changes with each complete line, and once a line is torn.
      if (isEnd || length === end + 1) render(buildFromLog(ID, log))
    }
    expect(parseLog(TEXT).lines).toEqual(ALL)
  })

  it('in which any byte is flipped yields all other lines, and is marked incomplete', () => {
    const some = linesOf(EVENTS.started, EVENTS.running, EVENTS.built, EVENTS.ended)
    const bytes = Buffer.from(logOf(some))
    let line = 0
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= 0x55
      const log = parseLog(flipped.toString())
      const isEnd = bytes[at] === 10
      const lost = [line, ...(isEnd && line + 1 < some.length ? [line + 1] : [])]
      expect(log.complete).toBe(false)
      expect(log.lines).toEqual(some.filter((_, other) => !lost.includes(other)))
      render(buildFromLog(ID, log))
      if (isEnd) line += 1
    }
  })

  it('of arbitrary content, also with valid checksums, never makes reading or rendering fail', async () => {
    const disk = new MemoryDisk()
    const anyLine = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((text) => `{"v":4,"at":1,"t":1,"of":${text}}`),
      fc.record({ type: fc.constantFrom(...Object.keys(EVENTS)) }).map((value) => JSON.stringify(value)),
      // A real event with arbitrary members.
      fc
        .tuple(fc.constantFrom(...Object.values(EVENTS)), fc.dictionary(fc.string(), fc.jsonValue()))
        .map(([event, more]) => JSON.stringify({ v: 4, at: 1, t: 1, ...event, ...more })),
    )
    const checksummed = anyLine.map(withChecksum)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(anyLine, checksummed), { maxLength: 8 }), async (lines) => {
        disk.file(`${CACHE}/log/${ID}.jsonl`, Buffer.from(lines.join('\n')).toString('latin1'))
        for await (const build of listBuilds(disk, CACHE)) render(build)
      }),
      { numRuns: 500 },
    )
  })

  it('with lines missing and in any order never makes rendering fail, and has no negative times', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...ALL, ...ALL.slice(3)]), fc.array(fc.nat(5000)), (lines, times) => {
        const moved = lines.map((line, at): LogLine => ({ ...line, t: times[at] ?? line.t }))
        const build = buildFromLog(ID, { lines: moved, complete: true })
        render(build)
        const spans = [
          ...build.artifacts.flatMap(({ attempts }) => [
            ...attempts,
            ...attempts.flatMap(({ phases }) => phases),
          ]),
          ...build.lockfiles.flatMap(({ spans: all }) => all),
        ]
        for (const { from, to, phases } of build.artifacts.flatMap(({ attempts }) => attempts))
          for (const phase of phases) {
            expect(phase.from).toBeGreaterThanOrEqual(from)
            expect(phase.to).toBeLessThanOrEqual(to)
          }
        for (const { from, to } of spans) {
          expect(from).toBeGreaterThanOrEqual(0)
          expect(to).toBeGreaterThanOrEqual(from)
          expect(to).toBeLessThan(1e6)
        }
      }),
    )
  })

  it('that is unreadable, too large or not a file stands for a build of which nothing is known', async () => {
    const disk = new MemoryDisk()
    const paths = [1, 2, 3, 4].map((at) => `${CACHE}/log/20260131-10150${at}-123-4f2a9c.jsonl`)
    disk.mkdir(paths[0]!)
    disk.file(paths[1]!, BYTES)
    disk.forbidden.set(`read ${paths[1]}`, 'EIO')
    disk.file(paths[2]!, '')
    disk.file(paths[3]!, TEXT.replaceAll('"v":4', '"v":7'))
    const others = [`${CACHE}/log/README`, `${CACHE}/log/20260131-101501-123-4f2a9c.jsonl.tmp-1-00000000-1`]
    for (const path of others) disk.file(path, TEXT)
    const builds: LoggedBuild[] = []
    for await (const build of listBuilds(disk, CACHE)) builds.push(build)
    expect(builds.map(({ id }) => id)).toEqual([4, 3, 2, 1].map((at) => `20260131-10150${at}-123-4f2a9c`))
    for (const build of builds) {
      expect(build).toMatchObject({ incomplete: true, end: 'unfinished', artifacts: [], targets: [] })
      expect(summaryLines(build, 0).join('\n')).toContain('its log cannot be read')
    }
    const large = new Proxy(disk, {
      get: (target, name: keyof Disk) =>
        name === 'lstat'
          ? (path: string) => ({ ...target.lstat(path)!, size: path.endsWith('.jsonl') ? 2 ** 40 : 0 })
          : target[name].bind(target),
    })
    disk.file(paths[3]!, BYTES)
    expect((await readBuild(disk, CACHE, 'last'))?.incomplete).toBe(false)
    expect(await readBuild(large, CACHE, 'last')).toMatchObject({ incomplete: true, artifacts: [] })
  })
})

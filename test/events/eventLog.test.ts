import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBytes } from '../../src/platform/bytes.ts'
import { realDisk } from '../../src/platform/disk.ts'
import type { Disk } from '../../src/platform/disk.ts'
import { detailLines, summaryLines } from '../../src/cli/render/historyView.ts'
import { traceOf } from '../../src/cli/trace/trace.ts'
import { listBuilds, readBuild } from '../../src/events/buildHistory.ts'
import type { BuildEvent } from '../../src/events/events.ts'
import { loggedIds, newBuildId } from '../../src/events/logFiles.ts'
import type { LoggedBuild } from '../../src/events/loggedBuild.ts'
import { buildFromLog } from '../../src/events/buildFromLog.ts'
import type { ReadLog } from '../../src/events/logReader.ts'
import { parseLine, parseLog } from '../../src/events/logReader.ts'
import type { LogLine } from '../../src/events/logWriter.ts'
import { eventLog, formatLine, checksumOf } from '../../src/events/logWriter.ts'
import { hasLeftovers, makeWorkDirectory } from '../../src/sandbox/workDirectory.ts'
import { EVENTS, linesOf, logOf } from '../support/logged.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

// The event log: what a build says is read back as it was said; and whatever became of the file since, reading it never
// fails, never believes a damaged line, and says that something is missing.

const CACHE = '/cache'
const ID = '20260131-101502-123-4f2a9c'

/** Everything that is made of a build for people and machines. */
function render(build: LoggedBuild): void {
  summaryLines(build, 0)
  detailLines(build, 0)
  traceOf(build)
}

const ALL = linesOf(...Object.values(EVENTS))
const TEXT = logOf(ALL)
const BYTES = toBytes(TEXT)

describe('a line of the log', () => {
  it.each(ALL.map((line) => [line.event.type, line] as const))('of %s is read as it was said', (_, line) => {
    expect(parseLine(formatLine(line))).toEqual(line)
  })

  it('is JSON with its version, both times, the event, and a sum at its end', () => {
    const line = formatLine({ at: 1_769_850_902_123, t: 41.25, event: EVENTS.retrying })
    expect(line).toMatch(
      /^\{"v":3,"at":1769850902123,"t":41.25,"type":"retrying","artifact":"packed",.*,"sum":"[0-9a-f]{16}"\}$/,
    )
    expect(JSON.parse(line)).toMatchObject({ v: 3, ...EVENTS.retrying })
  })

  it('of another version, or without one member that it must have, is not read', () => {
    const sealed = (value: object): string => {
      const body = JSON.stringify(value)
      return `${body.slice(0, -1)},"sum":"${checksumOf(body)}"}`
    }
    const base = { v: 3, at: 1, t: 1 }
    expect(parseLine(sealed({ ...base, ...EVENTS.fetched }))).toBeDefined()
    expect(parseLine(sealed({ ...base, v: 2, ...EVENTS.fetched }))).toBeUndefined()
    expect(parseLine(sealed({ ...base, type: 'fetched', lockfile: 'packages' }))).toBeUndefined()
    expect(parseLine(sealed({ ...base, type: 'unheard of' }))).toBeUndefined()
    expect(parseLine(sealed({ ...base, at: -1, ...EVENTS.fetched }))).toBeUndefined()
    expect(parseLine(JSON.stringify({ ...base, ...EVENTS.fetched }))).toBeUndefined()
    // What a later lbuild adds to a line stays.
    expect(parseLine(sealed({ ...base, ...EVENTS.fetched, more: [1] }))?.event).toEqual({
      ...EVENTS.fetched,
      more: [1],
    })
  })

  it('is not believed with any of its bytes flipped', () => {
    for (const { event } of ALL) {
      const line = Buffer.from(formatLine({ at: 1, t: 2, event }))
      for (let at = 0; at < line.length; at += 1)
        for (const bits of [0x01, 0x20, 0x80]) {
          const flipped = Buffer.from(line)
          flipped[at]! ^= bits
          if (parseLine(flipped.toString()) !== undefined)
            throw new Error(`believed: ${flipped.toString()}, byte ${at} ^ ${bits}`)
        }
    }
  })
})

describe('a log', () => {
  it('that is cut at any length gives the lines that are complete, and says that it is not', () => {
    const lengths = ALL.map((line) => Buffer.byteLength(`${formatLine(line)}\n`))
    const bytes = Buffer.from(TEXT)
    let complete = 0
    let end = 0
    for (let length = 0; length <= bytes.length; length += 1) {
      const isEnd = length === end + lengths[complete]!
      if (isEnd) end += lengths[complete++]!
      const log = parseLog(bytes.subarray(0, length).toString())
      expect([log.lines.length, log.complete]).toEqual([complete, isEnd])
      // What is told of the lines changes with each line, and before its end.
      if (isEnd || length === end + 1) render(buildFromLog(ID, log))
    }
    expect(parseLog(TEXT).lines).toEqual(ALL)
  })

  it('in which any byte is flipped gives all other lines, and says that it is not complete', () => {
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

  it('of anything at all, also of lines that carry a right sum, makes nothing fail', () => {
    const disk = new MemoryDisk()
    const anyLine = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((text) => `{"v":3,"at":1,"t":1,"of":${text}}`),
      fc.record({ type: fc.constantFrom(...Object.keys(EVENTS)) }).map((value) => JSON.stringify(value)),
      // A real event with the members of another one.
      fc
        .tuple(fc.constantFrom(...Object.values(EVENTS)), fc.dictionary(fc.string(), fc.jsonValue()))
        .map(([event, more]) => JSON.stringify({ v: 3, at: 1, t: 1, ...event, ...more })),
    )
    const sealed = anyLine.map((body) => `${body.slice(0, -1)},"sum":"${checksumOf(body)}"}`)
    fc.assert(
      fc.property(fc.array(fc.oneof(anyLine, sealed), { maxLength: 8 }), (lines) => {
        disk.file(`${CACHE}/log/${ID}.jsonl`, Buffer.from(lines.join('\n')).toString('latin1'))
        for (const build of listBuilds(disk, CACHE)) render(build)
      }),
      { numRuns: 500 },
    )
  })

  it('of any of its lines in any order makes nothing fail, and no time is negative', () => {
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

  it('that is no file, cannot be read or is larger than any stands for a build of which nothing is known', () => {
    const disk = new MemoryDisk()
    const paths = [1, 2, 3, 4].map((at) => `${CACHE}/log/20260131-10150${at}-123-4f2a9c.jsonl`)
    disk.mkdir(paths[0]!)
    disk.file(paths[1]!, BYTES)
    disk.forbidden.set(`read ${paths[1]}`, 'EIO')
    disk.file(paths[2]!, '')
    disk.file(paths[3]!, TEXT.replaceAll('"v":3', '"v":7'))
    const others = [`${CACHE}/log/README`, `${CACHE}/log/20260131-101501-123-4f2a9c.jsonl.tmp-1-00000000-1`]
    for (const path of others) disk.file(path, TEXT)
    const builds = [...listBuilds(disk, CACHE)]
    expect(builds.map(({ id }) => id)).toEqual([4, 3, 2, 1].map((at) => `20260131-10150${at}-123-4f2a9c`))
    for (const build of builds) {
      expect(build).toMatchObject({ incomplete: true, end: 'unfinished', artifacts: [], targets: [] })
      expect(summaryLines(build, 0).join('\n')).toContain('nothing of its log can be read')
    }
    const large = new Proxy(disk, {
      get: (target, name: keyof Disk) =>
        name === 'lstat'
          ? (path: string) => ({ ...target.lstat(path)!, size: path.endsWith('.jsonl') ? 2 ** 40 : 0 })
          : target[name].bind(target),
    })
    disk.file(paths[3]!, BYTES)
    expect(readBuild(disk, CACHE, 'last')?.incomplete).toBe(false)
    expect(readBuild(large, CACHE, 'last')).toMatchObject({ incomplete: true, artifacts: [] })
  })
})

describe('a build that is read back', () => {
  const told = (...events: readonly BuildEvent[]): LoggedBuild =>
    buildFromLog(ID, parseLog(logOf(linesOf(...events))))
  const artifactOf = (build: LoggedBuild, name: string): LoggedBuild['artifacts'][number] =>
    build.artifacts.find((one) => one.name === name)!

  it('has all that was said of it', () => {
    const build = told(...Object.values(EVENTS))
    const { lbuild, targets, params, jobs, force, keepGoing, artifacts } = EVENTS.started
    expect(build).toMatchObject({
      id: ID,
      lbuild,
      targets,
      params,
      jobs,
      force,
      keepGoing,
      incomplete: false,
    })
    expect(build.startedAt).toBe(1_769_850_901_123)
    expect(build).toMatchObject({
      end: 'failed',
      seconds: 4,
      savedSeconds: 3.5,
      failure: EVENTS.ended.failure,
      explanation: EVENTS.explained.explanation,
      warnings: [{ message: EVENTS.warning.message, hint: EVENTS.warning.hint }],
      preserved: [{ path: EVENTS.preserved.path, as: EVENTS.preserved.as }],
    })
    expect(build.artifacts.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['packed', 'built'],
      ['names', 'restored'],
      ['image', 'failed'],
      ['report', 'fresh'],
      ['iso', 'skipped'],
    ])
    expect(build.artifacts.slice(0, 3)).toMatchObject(artifacts)
    const { key, seconds, changed, outputs } = EVENTS.built
    expect(artifactOf(build, 'packed')).toMatchObject({
      key,
      seconds,
      changed,
      outputs,
      usualSeconds: 2.5,
      reasons: EVENTS.running.reasons,
    })
    expect(artifactOf(build, 'report')).toMatchObject({ cutOff: true, savedSeconds: 3 })
    expect(artifactOf(build, 'image')).toMatchObject({ failure: EVENTS.failed.failure })
    expect(artifactOf(build, 'iso')).toMatchObject({ failedArtifact: 'image' })
  })

  it('has when each artifact ran and what the run went through, and when lockfiles were resolved and fetched', () => {
    const { resolving, resolved, fetching, fetched, running, phase, built } = EVENTS
    const keep: BuildEvent = { ...phase, phase: 'store' }
    const build = told(resolving, resolved, fetching, fetched, running, phase, keep, built)
    expect(build.lockfiles).toEqual([
      {
        name: 'packages',
        spans: [
          { name: 'resolve', from: 1000, to: 1500 },
          { name: 'fetch', from: 2000, to: 2500 },
        ],
      },
    ])
    expect(artifactOf(build, 'packed').attempts).toEqual([
      {
        name: 'run',
        from: 3000,
        to: 4500,
        phases: [
          { name: 'inputs', from: 3000, to: 3500 },
          { name: 'produce', from: 3500, to: 4000 },
          { name: 'store', from: 4000, to: 4500 },
        ],
      },
    ])
  })

  it('shows a run that was begun again as two, and counts the artifact by its last', () => {
    const { running, retrying, built } = EVENTS
    const { outcome, attempts } = artifactOf(told(running, retrying, running, built), 'packed')
    expect(outcome).toBe('built')
    expect(attempts.map(({ from, to }) => [from, to])).toEqual([
      [1000, 1500],
      [2000, 2500],
    ])
  })

  it('without an end did not end: what ran then is unfinished, and what had not begun unreached', () => {
    const build = told(EVENTS.started, EVENTS.running)
    expect(build).toMatchObject({ end: 'unfinished', seconds: 1.5, incomplete: false })
    expect(build.artifacts.map(({ outcome }) => outcome)).toEqual(['unfinished', 'unreached', 'unreached'])
  })

  it('knows of a run whose beginning is lost how long it took', () => {
    const { seconds, attempts } = artifactOf(told(EVENTS.started, EVENTS.phase, EVENTS.built), 'packed')
    expect(seconds).toBe(1.5)
    expect(attempts).toEqual([{ name: 'run', from: 500, to: 2000, phases: [] }])
  })
})

describe('what is of any size', () => {
  const entries = Array.from({ length: 100_000 }, (_, at) => ({
    path: `src/file-${at}`,
    change: 'content' as const,
  }))

  it('is cut where an explanation lists entries, and the cause says so', () => {
    const { explanation } = EVENTS.explained
    const [cause] = explanation.causes
    const large = { ...cause!, evidence: { entries, moreEntries: 7, text: { path: 'x'.repeat(1e6) } } }
    const told = { ...explanation, causes: [large, cause!] }
    const text = formatLine({ at: 1, t: 1, event: { type: 'explained', explanation: told } })
    expect(text.length).toBeLessThan(150_000)
    const build = buildFromLog(ID, parseLog(`${text}\n`))
    const [cut, complete] = build.explanation!.causes
    expect(cut).toMatchObject({ cut: true, reason: cause!.reason, artifacts: cause!.artifacts })
    const kept = cut!.evidence.entries!.length
    expect(kept).toBeGreaterThan(50)
    expect(cut!.evidence.entries).toEqual(entries.slice(0, kept))
    expect(cut!.evidence.moreEntries).toBe(100_007 - kept)
    expect(complete).toEqual(cause)
    expect(build.explanation!.consequences).toEqual(explanation.consequences)
    expect(JSON.parse(text)).toMatchObject({ cut: true })
  })

  it('is cut in reasons, failures, params and warnings; a list as long as the graph is not', () => {
    const reason = { ...EVENTS.running.reasons[2], now: { kind: 'param', name: 'p', value: entries } }
    const long = 'y'.repeat(1e6)
    const events: readonly BuildEvent[] = [
      { ...EVENTS.running, reasons: Array.from({ length: 1000 }, () => EVENTS.running.reasons[0]!) },
      { ...EVENTS.running, reasons: [reason as (typeof EVENTS.running.reasons)[0]] },
      { ...EVENTS.failed, failure: { headline: long, facts: [['log', long]], tail: long } },
      { ...EVENTS.started, params: { p: entries } },
      { ...EVENTS.warning, message: long },
      { ...EVENTS.ended, failure: { headline: long, facts: [] } },
    ]
    for (const event of events) {
      const text = formatLine({ at: 1, t: 1, event })
      expect(text.length, event.type).toBeLessThan(150_000)
      expect(parseLine(text)?.event.type).toBe(event.type)
    }
    const nodes = Array.from({ length: 5000 }, (_, at) => ({
      name: `a${at}`,
      dependencies: [],
      lockfiles: [],
    }))
    const read = parseLine(formatLine({ at: 1, t: 1, event: { ...EVENTS.started, artifacts: nodes } }))
    expect(read?.event).toEqual({ ...EVENTS.started, artifacts: nodes })
  })
})

describe('the writer', () => {
  it('stamps each line with the wall clock and with the time since the build began', () => {
    const cache = temporaryDirectory()
    let now = 1_769_850_902_123_000_000n
    const startedAt = Number(process.hrtime.bigint()) / 1e9
    const log = eventLog(realDisk, cache, ID, { now: () => now, startedAt })
    log(EVENTS.started)
    // The clock is set back by a day: times since the beginning know nothing of that.
    now -= 86_400_000_000_000n
    log(EVENTS.ended)
    const { lines } = readOnly(cache)
    expect(lines.map(({ at }) => at)).toEqual([1_769_850_902_123, 1_769_764_502_123])
    expect(lines[1]!.t).toBeGreaterThanOrEqual(lines[0]!.t)
    expect(buildFromLog(ID, readOnly(cache))).toMatchObject({ end: 'failed', incomplete: false })
  })

  it('loses a line that a full disk cut, and none after it', () => {
    const cache = temporaryDirectory()
    let full = false
    const disk: Disk = {
      ...realDisk,
      write(fd, bytes, position) {
        realDisk.write(fd, full ? bytes.subarray(0, 40) : bytes, position)
        if (full) throw Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' })
      },
    }
    const log = eventLog(disk, cache, ID, { now: () => 0n, startedAt: 0 })
    log(EVENTS.started)
    full = true
    expect(() => log(EVENTS.running)).toThrow('ENOSPC')
    full = false
    log(EVENTS.built)
    log(EVENTS.ended)
    const { lines, complete } = readOnly(cache)
    expect([complete, ...lines.map(({ event }) => event.type)]).toEqual([false, 'started', 'built', 'ended'])
  })

  function readOnly(cache: string): ReadLog {
    const path = `${cache}/log/${ID}.jsonl`
    return parseLog(realDisk.readFile(path).toString())
  }
})

describe('the name of a build', () => {
  const NOW = Date.UTC(2026, 0, 31, 10, 15, 2, 123)

  it('is when it began, to the millisecond, and six random digits', () => {
    const disk = new MemoryDisk()
    const ids = Array.from({ length: 50 }, () => newBuildId(disk, CACHE, NOW))
    for (const id of ids) expect(id).toMatch(/^20260131-101502-123-[0-9a-f]{6}$/)
    expect(new Set(ids).size).toBe(50)
  })

  it('comes after all others of the workspace, whatever the clock says', () => {
    const disk = new MemoryDisk()
    // Those of before, of tomorrow, and names that are no dates.
    const others = ['20260131-101502-4711', '20260201-000000-999-000000', '20269999-999999-999-000000']
    for (const id of others) disk.file(`${CACHE}/log/${id}.jsonl`, '')
    const given: string[] = []
    fc.assert(
      fc.property(fc.integer({ min: -10_000, max: 200_000_000 }), (offset) => {
        const id = newBuildId(disk, CACHE, NOW + offset)
        disk.file(`${CACHE}/log/${id}.jsonl`, '')
        given.push(id)
      }),
      { numRuns: 60 },
    )
    expect(given.toSorted()).toEqual(given)
    expect(loggedIds(disk, CACHE).filter((id) => given.includes(id))).toEqual(given)
    expect(given[0]! > others[1]!).toBe(true)
  })

  it('is one by which work directories are known to be a build’s', () => {
    const cache = temporaryDirectory()
    makeWorkDirectory(realDisk, cache, newBuildId(realDisk, cache, NOW), 'image')
    expect(hasLeftovers(realDisk, cache)).toBe(true)
  })

  it('is found by its beginning, where only one begins so', () => {
    const disk = new MemoryDisk()
    const ids = ['20260131-101502-123-4f2a9c', '20260131-101502-124-000000', '20260201-101502-123-4f2a9c']
    for (const id of ids) disk.file(`${CACHE}/log/${id}.jsonl`, TEXT)
    const found = (id: string): string | undefined => readBuild(disk, CACHE, id)?.id
    expect([found('last'), found('20260201'), found('20260131-101502-124'), found(ids[0]!)]).toEqual([
      ids[2],
      ids[2],
      ids[1],
      ids[0],
    ])
    expect([found('2027'), found('../log/20260131'), found('ast')]).toEqual([undefined, undefined, undefined])
    expect(() => found('20260131')).toThrow('2 builds match')
    expect(() => found('')).toThrow('3 builds')
  })

  it('is of none where only other commands have written a log', () => {
    const disk = new MemoryDisk()
    expect(readBuild(disk, CACHE, 'last')).toBeUndefined()
    disk.file(`${CACHE}/log/${ID}.jsonl`, logOf(linesOf(EVENTS.resolving, EVENTS.resolved, EVENTS.warning)))
    disk.file(
      `${CACHE}/log/20260201-101502-123-4f2a9c.jsonl`,
      logOf(linesOf(EVENTS.rebuilding, EVENTS.rebuilt)),
    )
    expect(readBuild(disk, CACHE, 'last')).toBeUndefined()
    expect([...listBuilds(disk, CACHE)]).toEqual([])
  })
})

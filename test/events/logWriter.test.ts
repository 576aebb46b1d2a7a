// Tests that lines are stamped, that large events are shortened, and that a full disk costs one line.
import { describe, expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import type { Disk } from '../../src/platform/disk.ts'
import type { BuildEvent } from '../../src/events/events.ts'
import { buildFromLog } from '../../src/events/buildFromLog.ts'
import type { ReadLog } from '../../src/events/logFormat.ts'
import { logFormat } from '../../src/events/logFormat.ts'
import { eventLog } from '../../src/events/logWriter.ts'
import { EVENTS } from '../support/logged.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const { formatLine, parseLine, parseLog } = await logFormat()

const ID = '20260131-101502-123-4f2a9c'

describe('an event of any size', () => {
  const entries = Array.from({ length: 100_000 }, (_, at) => ({
    path: `src/file-${at}`,
    change: 'content' as const,
  }))

  it('has the entries of a cause shortened, and marks the cause as cut', () => {
    const { explanation } = EVENTS.explained
    const [cause] = explanation.causes
    const large = { ...cause!, evidence: { entries, moreEntries: 7, text: { path: 'x'.repeat(1e6) } } }
    const cutExplanation = { ...explanation, causes: [large, cause!] }
    const text = formatLine({ at: 1, t: 1, event: { type: 'explained', explanation: cutExplanation } })
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

  it('has reasons, failures, params and warnings shortened, but no list as long as the graph', () => {
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
  it('stamps each line with the wall clock and the time since the build began', async () => {
    const cache = temporaryDirectory()
    let now = 1_769_850_902_123_000_000n
    const startedAt = Number(process.hrtime.bigint()) / 1e9
    const log = await eventLog(realDisk, cache, ID, { now: () => now, startedAt })
    log(EVENTS.started)
    // The clock is set back by a day: the time since the start of the build is not affected.
    now -= 86_400_000_000_000n
    log(EVENTS.ended)
    const { lines } = readOnly(cache)
    expect(lines.map(({ at }) => at)).toEqual([1_769_850_902_123, 1_769_764_502_123])
    expect(lines[1]!.t).toBeGreaterThanOrEqual(lines[0]!.t)
    expect(buildFromLog(ID, readOnly(cache))).toMatchObject({ end: 'failed', incomplete: false })
  })

  it('loses a line that a full disk truncated, and none after it', async () => {
    const cache = temporaryDirectory()
    let full = false
    const disk: Disk = {
      ...realDisk,
      write(fd, bytes, position) {
        realDisk.write(fd, full ? bytes.subarray(0, 40) : bytes, position)
        if (full) throw Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' })
      },
    }
    const log = await eventLog(disk, cache, ID, { now: () => 0n, startedAt: 0 })
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

// Tests how builds are named, and how a user names one.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import { listBuilds, readBuild } from '../../src/events/buildHistory.ts'
import { loggedIds, newBuildId } from '../../src/events/logFiles.ts'
import { hasLeftovers, makeWorkDirectory } from '../../src/sandbox/workDirectory.ts'
import { EVENTS, linesOf, logOf } from '../support/logged.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const CACHE = '/cache'
const ID = '20260131-101502-123-4f2a9c'

const ALL = linesOf(...Object.values(EVENTS))
const TEXT = logOf(ALL)

describe('the name of a build', () => {
  const NOW = Date.UTC(2026, 0, 31, 10, 15, 2, 123)

  it('is its start time, to the millisecond, and six random digits', () => {
    const disk = new MemoryDisk()
    const ids = Array.from({ length: 50 }, () => newBuildId(disk, CACHE, NOW))
    for (const id of ids) expect(id).toMatch(/^20260131-101502-123-[0-9a-f]{6}$/)
    expect(new Set(ids).size).toBe(50)
  })

  it('sorts after all other names of the workspace, whatever the clock says', () => {
    const disk = new MemoryDisk()
    // From an older lbuild, from tomorrow, and with an invalid date.
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

  it('identifies work directories of builds', () => {
    const cache = temporaryDirectory()
    makeWorkDirectory(realDisk, cache, newBuildId(realDisk, cache, NOW), 'image')
    expect(hasLeftovers(realDisk, cache)).toBe(true)
  })

  it('may be abbreviated to a beginning that only one build has', async () => {
    const disk = new MemoryDisk()
    const ids = ['20260131-101502-123-4f2a9c', '20260131-101502-124-000000', '20260201-101502-123-4f2a9c']
    for (const id of ids) disk.file(`${CACHE}/log/${id}.jsonl`, TEXT)
    const found = async (id: string): Promise<string | undefined> => (await readBuild(disk, CACHE, id))?.id
    expect(await Promise.all(['last', '20260201', '20260131-101502-124', ids[0]!].map(found))).toEqual([
      ids[2],
      ids[2],
      ids[1],
      ids[0],
    ])
    expect(await Promise.all(['2027', '../log/20260131', 'ast'].map(found))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    await expect(found('20260131')).rejects.toThrow('2 builds match')
    await expect(found('')).rejects.toThrow('3 builds')
  })

  it('is not found in logs of other commands', async () => {
    const disk = new MemoryDisk()
    expect(await readBuild(disk, CACHE, 'last')).toBeUndefined()
    disk.file(`${CACHE}/log/${ID}.jsonl`, logOf(linesOf(EVENTS.resolving, EVENTS.resolved, EVENTS.warning)))
    disk.file(
      `${CACHE}/log/20260201-101502-123-4f2a9c.jsonl`,
      logOf(linesOf(EVENTS.rebuilding, EVENTS.rebuilt)),
    )
    expect(await readBuild(disk, CACHE, 'last')).toBeUndefined()
    expect((await listBuilds(disk, CACHE).next()).done).toBe(true)
  })
})

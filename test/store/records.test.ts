// Tests that a record is found only under its own name, and that damaged or partial records count as such.
import { describe, expect, it } from 'vitest'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { writeChecksummed } from '../../src/platform/checksummedFile.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { realDisk } from '../../src/platform/disk.ts'
import type { RunRecord } from '../../src/planner/domain.ts'
import { RecordStore } from '../../src/store/records.ts'
import { atEveryCall } from '../support/faultyDisk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const [KEY, OTHER_KEY] = [sha256('key'), sha256('other key')]

const record = (seconds: number): RunRecord => ({
  artifact: 'image',
  key: KEY,
  parts: [{ kind: 'param', name: 'title', value: 'ein Name \ufffd é' }],
  outputs: { image: { path: 'x.img', published: true, sha256: sha256('content'), size: 5 } },
  modules: {},
  lockfileRequests: {},
  toolVersions: {},
  build: 'a-build',
  startedAt: '2026-01-01T00:00:00.000Z',
  seconds,
  sandboxed: true,
})

describe('a record', () => {
  it('is damaged if it lies under the name of another key or artifact', () => {
    const root = temporaryDirectory()
    const records = new RecordStore(realDisk, root)
    records.add(record(1))
    mkdirSync(`${root}/other`)
    writeFileSync(`${root}/image/${OTHER_KEY}.json`, readFileSync(`${root}/image/${KEY}.json`))
    writeFileSync(`${root}/other/${KEY}.json`, readFileSync(`${root}/image/${KEY}.json`))
    expect(records.find('image', KEY)).toEqual(record(1))
    expect(records.find('image', OTHER_KEY)).toBe('damaged')
    expect(records.find('other', KEY)).toBe('damaged')
    expect(records.find('image', sha256('third'))).toBe('absent')
  })

  it('is absent if it has another version: never the latest, not damaged, and a leftover for gc', () => {
    const root = temporaryDirectory()
    const records = new RecordStore(realDisk, root)
    mkdirSync(`${root}/image`)
    writeChecksummed(realDisk, `${root}/image/${KEY}.json`, 'record 1', record(1))
    records.setLatest('image', KEY)
    expect(records.find('image', KEY)).toBe('absent')
    expect(records.latest('image')).toBeUndefined()
    expect(records.list()).toEqual({ records: [], damaged: [], leftovers: [`${root}/image/${KEY}.json`] })
  })

  it('is the latest once it is set, and no record is if the pointer is damaged', () => {
    const root = temporaryDirectory()
    const records = new RecordStore(realDisk, root)
    expect(records.latest('image')).toBeUndefined()
    records.add(record(1))
    records.setLatest('image', KEY)
    expect(records.latest('image')).toEqual(record(1))
    writeFileSync(`${root}/image/latest.json`, 'damage')
    expect(records.latest('image')).toBeUndefined()
  })

  it.each(['crash', 'ENOSPC'] as const)(
    'is either the old version or the new one after a %s at any call of the disk',
    (fault) => {
      let root = ''
      const calls = atEveryCall(
        fault,
        (disk) => {
          root = temporaryDirectory()
          new RecordStore(realDisk, root).add(record(1))
          new RecordStore(disk, root).add(record(2))
        },
        (completed, call) => {
          const found = new RecordStore(realDisk, root).find('image', KEY)
          expect([record(1), record(2)], call).toContainEqual(found)
          if (completed) expect(found).toEqual(record(2))
          if (fault === 'ENOSPC') expect(readdirSync(`${root}/image`), call).toEqual([`${KEY}.json`])
          // Temporary files of a crash do not disturb the next run.
          new RecordStore(realDisk, root).add(record(3))
          expect(new RecordStore(realDisk, root).find('image', KEY)).toEqual(record(3))
        },
      )
      expect(calls).toBeGreaterThan(5)
    },
  )
})

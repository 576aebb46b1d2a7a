import { describe, expect, it } from 'vitest'
import { readFileSync, readdirSync, writeFileSync, mkdirSync } from 'node:fs'
import { sha256 } from '../../src/platform/digest.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { readChecksummed, writeChecksummed } from '../../src/platform/checksummedFile.ts'
import { RecordStore } from '../../src/store/records.ts'
import { atEveryCall } from '../support/faultyDisk.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import type { BuildRecord } from '../../src/planner/types.ts'

const [KEY, OTHER_KEY] = [sha256('key'), sha256('other key')]

const record = (seconds: number): BuildRecord => ({
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

describe('a sealed file', () => {
  it('gives back what was written', () => {
    const path = `${temporaryDirectory()}/deep/below/file.json`
    for (const value of [null, 'text', [1, 2], record(1), {}]) {
      for (const text of ['', 'a text', '\nof lines\n\n', 'é']) {
        writeChecksummed(realDisk, path, value, text)
        expect(readChecksummed(realDisk, path)).toEqual({ value, text })
      }
    }
  })

  it('that is not there is absent; a directory in its place is damaged', () => {
    const root = temporaryDirectory()
    writeFileSync(`${root}/file`, '')
    expect(readChecksummed(realDisk, `${root}/none`)).toBe('absent')
    expect(readChecksummed(realDisk, `${root}/file/below`)).toBe('absent')
    expect(readChecksummed(realDisk, root)).toBe('damaged')
  })

  it('cut at any length or with any byte flipped is never valid', () => {
    const path = `${temporaryDirectory()}/file.json`
    writeChecksummed(realDisk, path, record(1))
    const whole = readFileSync(path)
    for (let at = 0; at < whole.length; at += 1) {
      writeFileSync(path, whole.subarray(0, at))
      expect(readChecksummed(realDisk, path), `cut at ${at}`).toBe('damaged')
      for (const bit of [0x01, 0x20, 0x80]) {
        const flipped = Buffer.from(whole)
        flipped[at]! ^= bit
        writeFileSync(path, flipped)
        expect(readChecksummed(realDisk, path), `byte ${at} flipped by ${bit}`).toBe('damaged')
      }
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.from('\n')]))
    expect(readChecksummed(realDisk, path)).toBe('damaged')
  })
})

describe('a record', () => {
  it('under the name of another key or artifact is damaged', () => {
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

  it('of another version counts as absent, and is never the one that was published last', () => {
    const root = temporaryDirectory()
    const records = new RecordStore(realDisk, root)
    writeChecksummed(realDisk, `${root}/image/${KEY}.json`, { ...record(1), version: 1 })
    records.setLatest('image', KEY)
    expect(records.find('image', KEY)).toBe('absent')
    expect(records.latest('image')).toBeUndefined()
  })

  it('the last one is the one that was set, and none where the word of it is damaged', () => {
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
    'is the old one or the new one after a %s at any call of the disk',
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
          // What a crash left is not in the way of the next run.
          new RecordStore(realDisk, root).add(record(3))
          expect(new RecordStore(realDisk, root).find('image', KEY)).toEqual(record(3))
        },
      )
      expect(calls).toBeGreaterThan(5)
    },
  )
})

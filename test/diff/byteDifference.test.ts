// Tests that the first difference of two files is found and described.
import * as fs from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import type { ByteDifference } from '../../src/diff/byteDifference.ts'
import { byteDifference } from '../../src/diff/byteDifference.ts'
import { memoryDirectory } from '../support/temporary.ts'
import { filePair } from './support/filePair.ts'

/** The definition of {@link byteDifference}, computed with both files in memory. */
function naive(before: Uint8Array, now: Uint8Array): ByteDifference | undefined {
  const end = Math.max(before.length, now.length)
  const differs = Array.from({ length: end }, (_, at) => before[at] !== now[at])
  const offset = differs.indexOf(true)
  if (offset < 0) return undefined
  const text = differs
    .slice(offset)
    .map((one) => (one ? 'x' : '.'))
    .join('')
  const run = /^.*?x(?=\.{16}|\.*$)/.exec(text)![0]
  const hex = (content: Uint8Array): string =>
    Buffer.from(content.subarray(offset, offset + 16)).toString('hex')
  return {
    offset,
    length: run.length,
    sizes: [before.length, now.length],
    before: hex(before),
    now: hex(now),
  }
}

describe('the difference of two files', () => {
  it('matches its definition, whatever the size of the chunks read', () => {
    const root = memoryDirectory()
    const edits = fc.array(fc.tuple(fc.nat(99), fc.constantFrom(0, 1)), { maxLength: 6 })
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.nat(100),
        edits,
        fc.integer({ min: 1, max: 40 }),
        (one, other, edited, chunk) => {
          const before = new Uint8Array(one)
          const now = new Uint8Array(other)
          for (const [at, value] of edited) if (at < other) now[at] = value
          fs.writeFileSync(`${root}/before`, before)
          fs.writeFileSync(`${root}/now`, now)
          expect(byteDifference(realDisk, `${root}/before`, `${root}/now`, chunk)).toEqual(naive(before, now))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('starts at the end of the shorter file if the longer one begins with it', () => {
    expect(byteDifference(realDisk, ...filePair('abc', 'abcdef'))).toEqual({
      offset: 3,
      length: 3,
      sizes: [3, 6],
      before: '',
      now: '646566',
    })
  })

  it('is undefined for equal files', () => {
    expect(byteDifference(realDisk, ...filePair('abc', 'abc'))).toBeUndefined()
    expect(byteDifference(realDisk, ...filePair('', ''))).toBeUndefined()
  })
})

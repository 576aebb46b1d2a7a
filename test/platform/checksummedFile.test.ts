// Tests that a checksummed file returns exactly what was written, or that it is damaged.
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readChecksummed, writeChecksummed } from '../../src/platform/checksummedFile.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const VALUE = { name: 'ein Name \ufffd é', list: [1, { size: 5 }], empty: {}, sandboxed: true }

describe('a checksummed file', () => {
  it('returns the value and the text that were written', () => {
    const path = `${temporaryDirectory()}/deep/below/file.json`
    for (const value of [null, 'text', [1, 2], VALUE, {}]) {
      for (const text of ['', 'a text', '\nof lines\n\n', 'é']) {
        writeChecksummed(realDisk, path, value, text)
        expect(readChecksummed(realDisk, path)).toEqual({ value, text })
      }
    }
  })

  it('is absent if it is missing, and damaged if a directory is in its place', () => {
    const root = temporaryDirectory()
    writeFileSync(`${root}/file`, '')
    expect(readChecksummed(realDisk, `${root}/none`)).toBe('absent')
    expect(readChecksummed(realDisk, `${root}/file/below`)).toBe('absent')
    expect(readChecksummed(realDisk, root)).toBe('damaged')
  })

  it('is damaged if it is truncated at any length, any byte is flipped or a byte is added', () => {
    const path = `${temporaryDirectory()}/file.json`
    writeChecksummed(realDisk, path, VALUE)
    const complete = readFileSync(path)
    for (let at = 0; at < complete.length; at += 1) {
      writeFileSync(path, complete.subarray(0, at))
      expect(readChecksummed(realDisk, path), `cut at ${at}`).toBe('damaged')
      for (const bit of [0x01, 0x20, 0x80]) {
        const flipped = Buffer.from(complete)
        flipped[at]! ^= bit
        writeFileSync(path, flipped)
        expect(readChecksummed(realDisk, path), `byte ${at} flipped by ${bit}`).toBe('damaged')
      }
    }
    writeFileSync(path, Buffer.concat([complete, Buffer.from('\n')]))
    expect(readChecksummed(realDisk, path)).toBe('damaged')
  })
})

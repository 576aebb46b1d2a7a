// Tests that a checksummed file returns exactly what was written, or that it is damaged.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readChecksummed, writeChecksummed } from '../../src/platform/checksummedFile.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const KIND = 'kernel 7'
const VALUE = { name: 'ein Name \ufffd é', list: [1, { size: 5 }], empty: {}, sandboxed: true }

describe('a checksummed file', () => {
  it('returns the value and the text that were written', () => {
    const path = `${temporaryDirectory()}/file.json`
    for (const value of [null, 'text', [1, 2], VALUE, {}]) {
      for (const text of ['', 'a text', '\nof lines\n\n', 'é']) {
        writeChecksummed(realDisk, path, KIND, value, { text })
        expect(readChecksummed(realDisk, path, KIND)).toEqual({ value, text })
      }
    }
  })

  it('is absent if it is missing, and damaged if a directory is in its place', () => {
    const root = temporaryDirectory()
    writeFileSync(`${root}/file`, '')
    expect(readChecksummed(realDisk, `${root}/none`, KIND)).toBe('absent')
    expect(readChecksummed(realDisk, `${root}/file/below`, KIND)).toBe('absent')
    expect(readChecksummed(realDisk, root, KIND)).toBe('damaged')
  })

  it('is damaged if it is a valid file of another kind, and absent if only its version differs', () => {
    const path = `${temporaryDirectory()}/file.json`
    for (const kind of ['initramfs 7', 'kernels 7', 'kern 7'] as const) {
      writeChecksummed(realDisk, path, kind, VALUE)
      expect(readChecksummed(realDisk, path, KIND), kind).toBe('damaged')
    }
    for (const kind of ['kernel 6', 'kernel 70', 'kernel 7 arm64'] as const) {
      writeChecksummed(realDisk, path, kind, VALUE)
      expect(readChecksummed(realDisk, path, KIND), kind).toBe('absent')
    }
  })

  it('is absent if it states no kind, as the files of older versions', () => {
    const path = `${temporaryDirectory()}/file.json`
    const body = JSON.stringify(VALUE)
    writeFileSync(path, `${sha256(body)}\n${body}\n`)
    expect(readChecksummed(realDisk, path, KIND)).toBe('absent')
  })

  it('is damaged if a fifo or a link is in its place, and the read does not wait', () => {
    const root = temporaryDirectory()
    execFileSync('mkfifo', [`${root}/fifo`])
    writeChecksummed(realDisk, `${root}/elsewhere`, KIND, VALUE)
    symlinkSync('elsewhere', `${root}/link`)
    symlinkSync('/dev/zero', `${root}/zeros`)
    for (const name of ['fifo', 'link', 'zeros'])
      expect(readChecksummed(realDisk, `${root}/${name}`, KIND), name).toBe('damaged')
  })

  it('replaces a directory in its place, which is quarantined and noted once', () => {
    const root = temporaryDirectory()
    const ignored = new Set<string>()
    mkdirSync(`${root}/file.json/with/content`, { recursive: true })
    mkdirSync(`${root}/damaged-file.json/from/before`, { recursive: true })
    writeChecksummed(realDisk, `${root}/file.json`, KIND, VALUE, { ignored })
    writeChecksummed(realDisk, `${root}/file.json`, KIND, VALUE, { ignored })
    expect(readChecksummed(realDisk, `${root}/file.json`, KIND)).toEqual({ value: VALUE, text: '' })
    expect([...ignored]).toEqual([`${root}/file.json`])
    expect(readdirSync(root).sort()).toEqual(['damaged-file.json', 'file.json'])
    expect(readdirSync(`${root}/damaged-file.json`)).toEqual(['with'])
  })

  it('is damaged if it is truncated at any length, any byte is flipped or a byte is added', () => {
    const path = `${temporaryDirectory()}/file.json`
    writeChecksummed(realDisk, path, KIND, VALUE)
    const complete = readFileSync(path)
    for (let at = 0; at < complete.length; at += 1) {
      writeFileSync(path, complete.subarray(0, at))
      expect(readChecksummed(realDisk, path, KIND), `cut at ${at}`).toBe('damaged')
      for (const bit of [0x01, 0x20, 0x80]) {
        const flipped = Buffer.from(complete)
        flipped[at]! ^= bit
        writeFileSync(path, flipped)
        expect(readChecksummed(realDisk, path, KIND), `byte ${at} flipped by ${bit}`).toBe('damaged')
      }
    }
    writeFileSync(path, Buffer.concat([complete, Buffer.from('\n')]))
    expect(readChecksummed(realDisk, path, KIND)).toBe('damaged')
  })
})

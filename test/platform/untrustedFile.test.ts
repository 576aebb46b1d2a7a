// Tests that files which lbuild did not write are read without following links, waiting, or filling memory.
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import { readEnd, readUntrusted } from '../../src/platform/untrustedFile.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const KINDS: readonly (readonly [string, (path: string) => void])[] = [
  ['special file', (path) => execFileSync('mkfifo', [path])],
  ['symlink', (path) => symlinkSync('/dev/zero', path)],
  ['symlink', (path) => symlinkSync('/etc/passwd', path)],
  ['directory', (path) => mkdirSync(path)],
]

describe('an untrusted file', () => {
  it('is read in full up to its limit', () => {
    const path = `${temporaryDirectory()}/file`
    writeFileSync(path, '0123456789')
    expect(String(readUntrusted(realDisk, path, 10))).toBe('0123456789')
    expect(readUntrusted(realDisk, path, 9)).toBe('has 10 bytes, more than 9')
    expect(readUntrusted(realDisk, `${path}.none`, 9)).toBe('is missing')
  })

  it.each(KINDS)('is refused if it is a %s', (kind, make) => {
    const path = `${temporaryDirectory()}/file`
    make(path)
    expect(readUntrusted(realDisk, path, 10)).toBe(`is a ${kind}, not a file`)
    expect(readEnd(realDisk, path, 10)).toHaveLength(0)
  })

  it('is not followed or waited for if it is replaced after it was looked at', () => {
    for (const [, make] of KINDS) {
      const path = `${temporaryDirectory()}/file`
      const looked = { ...realDisk.lstat('/etc/passwd')!, size: 5 }
      make(path)
      expect(readUntrusted({ ...realDisk, lstat: () => looked }, path, 10)).toBe(
        'was replaced while it was read',
      )
    }
  })

  it('of 3 GiB shows its end without being read in full', () => {
    const path = `${temporaryDirectory()}/log`
    writeFileSync(path, '')
    truncateSync(path, 3 * 2 ** 30)
    writeFileSync(path, 'the end', { flag: 'a' })
    let bytes = 0
    const disk = {
      ...realDisk,
      read(fd: number, buffer: Uint8Array, position?: number) {
        bytes += buffer.length
        return realDisk.read(fd, buffer, position)
      },
    }
    expect(readEnd(disk, path, 100).subarray(-7).toString()).toBe('the end')
    expect(bytes).toBe(100)
  })
})

// Tests that lbuild takes a file for what the kernel takes it for.
import { describe, expect, it } from 'vitest'
import { readProgram } from '../../src/fingerprint/program.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { elf } from '../support/elf.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'

const programOf = (content: string): unknown => {
  const disk = new MemoryDisk()
  disk.file('/f', content)
  return readProgram(disk, '/f')
}

/** An ELF of 32 bits and big-endian that names a loader. */
function narrowElf(loader: string): string {
  const file = Buffer.alloc(52 + 32)
  file.write('\x7fELF\x01\x02\x01', 'latin1')
  file.writeUInt16BE(2, 16)
  file.writeUInt32BE(52, 28)
  file.writeUInt16BE(32, 42)
  file.writeUInt16BE(1, 44)
  file.writeUInt32BE(3, 52)
  file.writeUInt32BE(84, 52 + 4)
  file.writeUInt32BE(loader.length, 52 + 16)
  return file.toString('latin1') + loader
}

describe('a file', () => {
  it.each([
    ['a script', '#!/bin/sh -e\necho\n', { kind: 'script', line: '/bin/sh -e' }],
    ['a script without a newline', '#!/bin/sh', { kind: 'script', line: '/bin/sh' }],
    [
      'a script with a long first line',
      `#!/${'x'.repeat(300)}`,
      { kind: 'script', line: `/${'x'.repeat(253)}` },
    ],
    ['text', 'echo\n', { kind: 'other' }],
    ['nothing', '', { kind: 'other' }],
    ['a dynamic executable', elf({ loader: '/lib/ld.so' }), { kind: 'executable', loader: '/lib/ld.so' }],
    ['one for another processor', narrowElf('/lib/ld.so.1'), { kind: 'executable', loader: '/lib/ld.so.1' }],
    ['a static executable', elf({ type: 2 }), { kind: 'executable' }],
    ['a shared object', elf({}), { kind: 'shared object' }],
    ['a truncated executable', elf({ loader: '/lib/ld.so' }).slice(0, 100), { kind: 'other' }],
    ['the beginning of an executable', '\x7fELF', { kind: 'other' }],
  ])('is %s', (_, content, expected) => {
    expect(programOf(content)).toEqual(expected)
  })

  it('of this host is read', () => {
    expect(readProgram(realDisk, process.execPath)).toMatchObject({
      kind: 'executable',
      loader: expect.stringMatching(/^\/.*\bld[-.]/),
    })
  })
})

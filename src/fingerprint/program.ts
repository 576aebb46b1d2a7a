// Reads what kind of program a file is, as the kernel does: a script, an ELF executable, or neither.
import type { RawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'

/** What a file is to the kernel. */
export type Program =
  /** `line` is the rest of its first line after `#!`. */
  | { readonly kind: 'script'; readonly line: RawPath }
  /** `loader` is the program that loads its shared libraries (PT_INTERP); none in a static executable. */
  | { readonly kind: 'executable'; readonly loader?: RawPath }
  | { readonly kind: 'shared object' }
  | { readonly kind: 'other' }

/** How much of a script the kernel reads, in bytes (BINPRM_BUF_SIZE in linux/binfmts.h). */
const SCRIPT_HEAD = 256

/** The longest path of a loader, in bytes (PATH_MAX in linux/limits.h). */
const PATH_MAX = 4096

/** Reads the head of a file. Throws errors of the disk. */
export function readProgram(disk: Disk, path: RawPath): Program {
  const fd = disk.open(path, 'r')
  try {
    const read = (size: number, position: number): Buffer => {
      const buffer = Buffer.alloc(size)
      return buffer.subarray(0, disk.read(fd, buffer, position))
    }
    const head = read(SCRIPT_HEAD, 0)
    const [, line] = /^#!([^\n\0]*)/.exec(head.toString('latin1')) ?? []
    if (line !== undefined) return { kind: 'script', line }
    return head.toString('latin1', 0, 4) === '\x7fELF' ? readElf(head, read) : { kind: 'other' }
  } finally {
    disk.close(fd)
  }
}

/** The size of a program header, and where the fields of headers are, in bytes (elf(5)): `wide` are those of 64-bit files. */
const OFFSETS = {
  narrow: { size: 32, type: 16, headers: 28, entries: 44, offset: 4, fileSize: 16 },
  wide: { size: 56, type: 16, headers: 32, entries: 56, offset: 8, fileSize: 32 },
}

/** A shared object, or an executable at any address (`e_type`, elf(5)). */
const ET_DYN = 3
/** The program header that names the loader (`p_type`, elf(5)). */
const PT_INTERP = 3

/** Reads an ELF file from its header and program headers. A damaged file counts as `other`: it cannot run. */
function readElf(head: Buffer, read: (size: number, position: number) => Buffer): Program {
  try {
    const isWide = head[4] === 2
    const isLittle = head[5] === 1
    const at = isWide ? OFFSETS.wide : OFFSETS.narrow
    const half = (buffer: Buffer, offset: number): number =>
      isLittle ? buffer.readUInt16LE(offset) : buffer.readUInt16BE(offset)
    const word = (buffer: Buffer, offset: number): number =>
      isLittle ? buffer.readUInt32LE(offset) : buffer.readUInt32BE(offset)
    const long = (buffer: Buffer, offset: number): number =>
      Number(isLittle ? buffer.readBigUInt64LE(offset) : buffer.readBigUInt64BE(offset))
    const address = isWide ? long : word
    const size = at.size * half(head, at.entries)
    const headers = read(size, address(head, at.headers))
    for (let entry = 0; entry < size; entry += at.size)
      if (word(headers, entry) === PT_INTERP) {
        const length = Math.min(address(headers, entry + at.fileSize), PATH_MAX)
        const name = read(length, address(headers, entry + at.offset)).toString('latin1')
        return { kind: 'executable', loader: name.replace(/\0.*$/s, '') }
      }
    return { kind: half(head, at.type) === ET_DYN ? 'shared object' : 'executable' }
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'other' }
    throw error
  }
}

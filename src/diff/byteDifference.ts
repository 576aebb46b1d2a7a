// Finds the first byte at which two files differ.
import type { RawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'

/** The first run of bytes in which two files differ. */
export interface ByteDifference {
  /** The offset of the first differing byte. The first byte of a file has offset 0. */
  readonly offset: number
  /** The length of the run in bytes, including bytes that the shorter file lacks. */
  readonly length: number
  /** The sizes of both files in bytes. */
  readonly sizes: readonly [before: number, now: number]
  /** The first bytes of the run in each file, in hexadecimal. */
  readonly before: string
  readonly now: string
}

/** A run ends before this many equal bytes: shorter equal stretches occur by chance inside different data. */
const EQUAL = 16
/** How many bytes of a run are shown. */
const SHOWN = 16

/**
 * Compares two files, and finds the first run of bytes that differs; undefined if the files are equal. Memory does not
 * grow with the files: each is read `chunk` bytes at a time.
 */
export function byteDifference(
  disk: Disk,
  before: RawPath,
  now: RawPath,
  chunk = 1 << 20,
): ByteDifference | undefined {
  const readers = [new ChunkReader(disk, before, chunk), new ChunkReader(disk, now, chunk)] as const
  try {
    return new Comparison().run(...readers)
  } finally {
    for (const reader of readers) reader.close()
  }
}

/** Reads a file in chunks; only the last one may be shorter than the others. */
class ChunkReader {
  readonly #disk: Disk
  readonly #fd: number
  readonly #buffer: Buffer
  /** The number of bytes read so far. */
  size = 0

  constructor(disk: Disk, path: RawPath, chunk: number) {
    this.#disk = disk
    this.#fd = disk.open(path, 'r')
    this.#buffer = Buffer.allocUnsafe(chunk)
  }

  next(): Buffer {
    let filled = 0
    while (filled < this.#buffer.length) {
      const length = this.#disk.read(this.#fd, this.#buffer.subarray(filled))
      if (length === 0) break
      filled += length
    }
    this.size += filled
    return this.#buffer.subarray(0, filled)
  }

  close(): void {
    this.#disk.close(this.#fd)
  }
}

class Comparison {
  #offset = -1
  /** The offset after the last byte of the run that differs. */
  #end = 0
  #ended = false
  readonly #before: number[] = []
  readonly #now: number[] = []

  run(before: ChunkReader, now: ChunkReader): ByteDifference | undefined {
    // Both files are read to their ends, for their sizes.
    for (let position = 0; ;) {
      const [a, b] = [before.next(), now.next()]
      const length = Math.max(a.length, b.length)
      if (length === 0) break
      if (!this.#ended && !(this.#offset < 0 && a.equals(b))) this.#scan(a, b, position)
      position += length
    }
    if (this.#offset < 0) return undefined
    return {
      offset: this.#offset,
      length: this.#end - this.#offset,
      sizes: [before.size, now.size],
      before: Buffer.from(this.#before).toString('hex'),
      now: Buffer.from(this.#now).toString('hex'),
    }
  }

  #scan(a: Buffer, b: Buffer, position: number): void {
    const length = Math.max(a.length, b.length)
    for (let at = 0; at < length; at += 1) {
      const [left, right] = [a[at], b[at]]
      if (left !== right) {
        if (this.#offset < 0) this.#offset = position + at
        this.#end = position + at + 1
      } else if (this.#offset >= 0 && position + at + 1 - this.#end >= EQUAL) {
        this.#ended = true
        return
      }
      if (this.#offset < 0 || position + at - this.#offset >= SHOWN) continue
      if (left !== undefined) this.#before.push(left)
      if (right !== undefined) this.#now.push(right)
    }
  }
}

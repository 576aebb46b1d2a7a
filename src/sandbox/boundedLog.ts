// Writes the log of a run. However much its processes print, the log stays small.
import { closeSync, openSync, writeSync } from 'node:fs'

/** How much of the beginning and of the end of a longer log is preserved, in bytes. */
const HEAD = 64 * 1024 * 1024
const TAIL = 64 * 1024

/** A file that receives the beginning and the end of what is written to it. */
export class BoundedLog {
  readonly #fd: number
  readonly #head: number
  #written = 0
  #omitted = 0
  #tail = Buffer.alloc(0)

  /** Creates the file, which must not exist. */
  constructor(path: string, head = HEAD) {
    this.#fd = openSync(path, 'wx', 0o644)
    this.#head = head
  }

  write(data: Buffer): void {
    const fits = data.subarray(0, this.#head - this.#written)
    writeFully(this.#fd, fits)
    this.#written += fits.length
    if (fits.length === data.length) return
    const tail = Buffer.concat([this.#tail, data.subarray(fits.length)])
    this.#tail = Buffer.from(tail.subarray(Math.max(0, tail.length - TAIL)))
    this.#omitted += tail.length - this.#tail.length
  }

  close(): void {
    if (this.#omitted > 0) writeFully(this.#fd, Buffer.from(`\n… ${this.#omitted} bytes omitted …\n`))
    writeFully(this.#fd, this.#tail)
    closeSync(this.#fd)
  }
}

function writeFully(fd: number, data: Buffer): void {
  for (let done = 0; done < data.length;) done += writeSync(fd, data, done)
}

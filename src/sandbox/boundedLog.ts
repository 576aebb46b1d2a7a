// Writes the log of a run. However much its processes print, the log stays small.
import { closeSync, openSync, writeSync } from 'node:fs'
import { errorCode } from '../platform/disk.ts'

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
  #isFull = false

  /** Creates the file, which must not exist. */
  constructor(path: string, head = HEAD) {
    this.#fd = openSync(path, 'wx', 0o644)
    this.#head = head
  }

  write(data: Buffer): void {
    const fits = data.subarray(0, this.#head - this.#written)
    this.#append(fits)
    this.#written += fits.length
    if (fits.length === data.length) return
    const tail = Buffer.concat([this.#tail, data.subarray(fits.length)])
    this.#tail = Buffer.from(tail.subarray(Math.max(0, tail.length - TAIL)))
    this.#omitted += tail.length - this.#tail.length
  }

  close(): void {
    if (this.#omitted > 0) this.#append(Buffer.from(`\n… ${this.#omitted} bytes omitted …\n`))
    this.#append(this.#tail)
    closeSync(this.#fd)
  }

  /** Writes to the file. A full disk costs the rest of the log, and nothing else: the run itself may need no disk. */
  #append(data: Buffer): void {
    try {
      for (let done = 0; done < data.length && !this.#isFull;) done += writeSync(this.#fd, data, done)
    } catch (error) {
      if (!['ENOSPC', 'EDQUOT'].includes(errorCode(error))) throw error
      this.#isFull = true
    }
  }
}

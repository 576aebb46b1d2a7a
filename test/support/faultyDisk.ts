// A real disk that fails at one of its calls.
import * as fs from 'node:fs'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'

/** Stands for the death of the process at a call of the disk: no later call has an effect. */
export class Crash extends Error {}

/** An error of one call of the disk; later calls work. */
export class DiskError extends Error {
  readonly code: string
  readonly syscall: string

  constructor(code: string, syscall: string) {
    super(`${code}: ${syscall}`)
    this.code = code
    this.syscall = syscall
  }
}

/** What happens at the n-th call: the process dies, or the disk reports an error (errno(3)). */
export type Fault = 'crash' | 'ENOSPC' | 'EIO' | 'EROFS' | 'EMFILE'

/** A disk, the real one unless given, but it records every call and fails at the n-th. */
export class FaultyDisk {
  readonly disk: Disk
  /** Every call with its path. */
  readonly calls: string[] = []
  readonly #open = new Map<number, string>()

  /** `at` counts from 1, over the calls in `counted` or all. A crash stays; an error passes. */
  constructor(
    at = Number.POSITIVE_INFINITY,
    fault: Fault = 'crash',
    counted?: ReadonlySet<keyof Disk>,
    disk: Disk = realDisk,
  ) {
    this.disk = new Proxy(disk, {
      get:
        (target, name: keyof Disk) =>
        (...args: unknown[]) => {
          if (counted?.has(name) ?? true) this.calls.push(this.#describe(name, args))
          if (fault === 'crash' && this.calls.length >= at) throw new Crash(name)
          if (fault !== 'crash' && this.calls.length === at) {
            if (name === 'close') this.#close(args[0] as number)
            throw new DiskError(fault, name)
          }
          const result = (target[name] as (...args: unknown[]) => unknown)(...args)
          if (name === 'open') this.#open.set(result as number, String(args[0]))
          if (name === 'close') this.#open.delete(args[0] as number)
          return result
        },
    })
  }

  /** Closes what a crash left open, as the kernel does. */
  end(): void {
    for (const fd of Array.from(this.#open.keys())) this.#close(fd)
  }

  #close(fd: number): void {
    this.#open.delete(fd)
    fs.closeSync(fd)
  }

  #describe(name: string, args: readonly unknown[]): string {
    const [first, second] = args
    const where = typeof first === 'number' ? this.#open.get(first) : String(first)
    return name === 'rename' ? `rename ${where} → ${String(second)}` : `${name} ${where}`
  }
}

/** Runs a step once for each of its calls of the disk, with the fault at that call; gives the number of calls. */
export function atEveryCall(
  fault: Fault,
  step: (disk: Disk) => void,
  check: (completed: boolean, call: string) => void,
): number {
  for (let at = 1; ; at += 1) {
    const faulty = new FaultyDisk(at, fault)
    let completed = false
    try {
      step(faulty.disk)
      completed = faulty.calls.length < at
    } catch (error) {
      if (faulty.calls.length < at) throw error
    } finally {
      faulty.end()
    }
    check(completed, faulty.calls[at - 1] ?? 'none')
    if (faulty.calls.length < at) return at - 1
  }
}

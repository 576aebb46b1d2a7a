// A real disk whose file times have whole steps of some seconds, on a clock that the test moves.
import * as fs from 'node:fs'
import { realDisk } from '../../../src/platform/disk.ts'
import type { Disk, Stat } from '../../../src/platform/disk.ts'

/** The time that the clock shows at the start, in nanoseconds. */
const START = 1_000_000_000_000_000_000n

/**
 * The real disk, but what changes between two moves of the clock has the time that the clock showed, cut to steps of
 * `grain` seconds. Times before the test, and those that a program set to the future, stay.
 */
export class CoarseDisk {
  readonly disk: Disk
  /** For each move of the clock: the real time of the disk, and the time that the clock shows from then on. */
  readonly #moves: { real: bigint; shown: bigint }[] = []
  readonly #probe: string
  readonly #grain: bigint

  /** `probe` is the path of a file that the clock may write, to read the time of the disk. */
  constructor(probe: string, grain: number) {
    this.#probe = probe
    this.#grain = BigInt(grain) * 1_000_000_000n
    this.advance(0)
    this.disk = {
      ...realDisk,
      lstat: (path) => this.#coarse(realDisk.lstat(path)),
      stat: (path) => this.#coarse(realDisk.stat(path)),
      hasChangeTimes: () => true,
    }
  }

  /** What the clock shows, in nanoseconds. */
  readonly now = (): bigint => this.#moves.at(-1)?.shown ?? START

  /** Moves the clock. Later changes of the disk have a later real time, too. */
  advance(milliseconds: number): void {
    const before = this.#touch()
    let real = before
    while (real === before) real = this.#touch()
    this.#moves.push({ real, shown: this.now() + BigInt(milliseconds) * 1_000_000n })
  }

  /** Changes the probe; gives the time that the disk stamped it with. */
  #touch(): bigint {
    fs.writeFileSync(this.#probe, '')
    return fs.lstatSync(this.#probe, { bigint: true }).mtimeNs
  }

  #coarse(stat: Stat | undefined): Stat | undefined {
    return stat && { ...stat, mtimeNs: this.#shown(stat.mtimeNs), ctimeNs: this.#shown(stat.ctimeNs) }
  }

  /** What the disk shows for a real time. Programs set times in steps of at least a microsecond, so some precede a move. */
  #shown(exact: bigint): bigint {
    const real = exact + 500_000n
    const [first] = this.#moves
    if (first === undefined || real < first.real || real > BigInt(Date.now() + 60_000) * 1_000_000n)
      return real
    const shown = this.#moves.findLast((move) => move.real <= real)?.shown ?? START
    return shown - (shown % this.#grain)
  }
}

// The clock of the boot check, which tests replace.

export interface Clock {
  /** Seconds since a fixed moment; never runs backwards. */
  now(): number
  /** Calls back once after `seconds`, unless the returned function cancels it. */
  after(seconds: number, callback: () => void): () => void
}

/** The real clock. A pending call keeps the process running. */
export const systemClock: Clock = {
  now: () => performance.now() / 1000,
  after(seconds, callback) {
    const timer = setTimeout(callback, seconds * 1000)
    return () => clearTimeout(timer)
  },
}

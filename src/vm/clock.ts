/** Time as the boot check sees it; tests bring their own and move it by hand. */
export interface Clock {
  /** Seconds from a fixed moment, never running backwards. */
  now(): number
  /** Calls back once after so many seconds, unless the returned function is called before. */
  after(seconds: number, callback: () => void): () => void
}

/** The real clock. A pending call keeps the process alive. */
export const systemClock: Clock = {
  now: () => performance.now() / 1000,
  after(seconds, callback) {
    const timer = setTimeout(callback, seconds * 1000)
    return () => clearTimeout(timer)
  },
}

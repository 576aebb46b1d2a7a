// The monotonic clock.

/** Seconds on a monotonic clock with an arbitrary zero. */
export const monotonicSeconds = (): number => Number(process.hrtime.bigint()) / 1e9

/** Seconds on a clock that only goes forward; its zero means nothing. */
export const monotonicSeconds = (): number => Number(process.hrtime.bigint()) / 1e9

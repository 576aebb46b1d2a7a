// The duration and the seed of random tests.
import { monotonicSeconds } from '../../../src/platform/clock.ts'

/** The duration of each random test, in seconds. */
export const SECONDS = Number(process.env['LBUILD_FUZZ_SECONDS'] ?? 15)

/** LBUILD_SEED=N repeats a test in the same order. */
export const SEED = Number(process.env['LBUILD_SEED'] ?? Date.now() % 2 ** 31)

/** Starts the clock of a test; the result tells whether time is left. */
export function startTime(): () => boolean {
  const end = monotonicSeconds() + SECONDS
  return () => monotonicSeconds() < end
}

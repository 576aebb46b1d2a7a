// How long a random test goes on, and the seed of what it does.
import { monotonicSeconds } from '../../../src/platform/clock.ts'

/** How long each random test goes on, in seconds. */
export const SECONDS = Number(process.env['LBUILD_FUZZ_SECONDS'] ?? 30)

/** LBUILD_SEED=N does the same again, in the same order. */
export const SEED = Number(process.env['LBUILD_SEED'] ?? Date.now() % 2 ** 31)

/** Starts the time of a test; says whether any of it is left. */
export function startTime(): () => boolean {
  const end = monotonicSeconds() + SECONDS
  return () => monotonicSeconds() < end
}

// The duration and the seed of random tests.
import { monotonicSeconds } from '../../../src/platform/clock.ts'
import { random } from './system.ts'

/** The duration of each random test, in seconds. */
export const SECONDS = Number(process.env['LBUILD_FUZZ_SECONDS'] ?? 10)

/** LBUILD_SEED=N repeats a test in the same order. */
export const SEED = Number(process.env['LBUILD_SEED'] ?? Date.now() % 2 ** 31)

/** Starts the time of a test. Calls of the result say whether time is left. `tests` tests share the duration. */
export function startTime(tests = 1): () => boolean {
  const end = monotonicSeconds() + SECONDS / tests
  return () => monotonicSeconds() < end
}

/**
 * Checks cases in random order until all are checked or the time of a test is over, and prints how many it checked.
 * `tests` is the number of tests that share the duration.
 */
export async function sample<T>(
  what: string,
  cases: readonly T[],
  tests: number,
  check: (one: T) => Promise<void>,
): Promise<void> {
  const next = random(SEED)
  const inRandomOrder = cases
    .map((one) => ({ one, rank: next() }))
    .sort((first, second) => first.rank - second.rank)
  const isTimeLeft = startTime(tests)
  let checked = 0
  for (const { one } of inRandomOrder) {
    await check(one)
    checked += 1
    if (!isTimeLeft()) break
  }
  console.log(`${what}: ${checked} of ${cases.length} cases, seed ${SEED}`)
}

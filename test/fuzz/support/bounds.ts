// The duration and the seed of random tests.
import fc from 'fast-check'
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

/**
 * Checks a property with generated values: with `count` values, or without it until the time of a test is over. `progress`
 * says how much was checked, such as `12 builds`; it is printed at the end, and it is part of the error if a value fails.
 */
export async function checkProperty<T>(
  values: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
  progress: () => string,
  count?: number,
): Promise<void> {
  const start = monotonicSeconds()
  const bound =
    count === undefined ? { numRuns: 1e9, interruptAfterTimeLimit: SECONDS * 1000 } : { numRuns: count }
  const outcome = await fc.check(fc.asyncProperty(values, check), {
    seed: SEED,
    ...bound,
  })
  if (outcome.failed)
    throw new Error(`after ${progress()}: ${fc.defaultReportMessage(outcome)}`, {
      cause: outcome.errorInstance,
    })
  console.log(`${progress()} in ${Math.round(monotonicSeconds() - start)} s, seed ${SEED}`)
}

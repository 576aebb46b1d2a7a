import fc from 'fast-check'
import { expect, it } from 'vitest'
import { happen, history } from './support/history.ts'

// Whatever happened to a workspace, the next build gives what a clean build elsewhere would give, byte for byte.
// LBUILD_SEED=N lets the same histories happen again; `npm run fuzz -- --minutes 30` lets more of them happen.

const minutes = Number(process.env['LBUILD_FUZZ_MINUTES'] ?? 0)
const seed = Number(process.env['LBUILD_SEED'] ?? Date.now() % 2 ** 31)

it(
  `an incremental build equals a clean one: edits, reverts, failures, kills, damage, edits during runs (seed ${seed})`,
  async () => {
    let happened = 0
    const outcome = await fc.check(
      fc.asyncProperty(history, async (one) => {
        happened += 1
        await happen(one)
      }),
      {
        seed,
        ...(minutes > 0 ? { numRuns: 1e9, interruptAfterTimeLimit: minutes * 60_000 } : { numRuns: 2_000 }),
      },
    )
    if (outcome.failed)
      throw new Error(`after ${happened}: ${fc.defaultReportMessage(outcome)}`, {
        cause: outcome.errorInstance,
      })
    console.log(`${happened} histories, seed ${seed}`)
    if (minutes === 0) expect(happened).toBe(2_000)
  },
  Math.max(minutes * 60_000 * 2, 1_200_000),
)

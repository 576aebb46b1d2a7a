// Tests that a build after any history has the same outputs as a clean build.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SECONDS, SEED } from './support/bounds.ts'
import { history } from './support/history.ts'
import { replay } from './support/story.ts'

it(`builds the outputs of a clean build after edits, reverts, failures, kills, damage and edits during runs (seed ${SEED})`, async () => {
  let rounds = 0
  const outcome = await fc.check(
    fc.asyncProperty(history, async (one) => {
      await replay(one)
      rounds += 1
    }),
    { seed: SEED, numRuns: 1e9, interruptAfterTimeLimit: SECONDS * 1000 },
  )
  if (outcome.failed)
    throw new Error(`after ${rounds} histories: ${fc.defaultReportMessage(outcome)}`, {
      cause: outcome.errorInstance,
    })
  console.log(`${rounds} histories in ${SECONDS} s, seed ${SEED}`)
  expect(rounds).toBeGreaterThan(0)
})

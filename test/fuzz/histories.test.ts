// Tests that a build after any history has the same outputs as a clean build.
import { expect, it } from 'vitest'
import { checkProperty, SEED } from './support/bounds.ts'
import { history } from './support/history.ts'
import { replay } from './support/story.ts'

/** The number of histories; without it, they take the time of a test. */
const COUNT =
  process.env['LBUILD_FUZZ_HISTORIES'] === undefined
    ? undefined
    : Number(process.env['LBUILD_FUZZ_HISTORIES'])

it(`builds the outputs of a clean build after edits, reverts, failures, kills, damage and edits during runs (seed ${SEED})`, async () => {
  let rounds = 0
  await checkProperty(
    history,
    async (one) => {
      await replay(one)
      rounds += 1
    },
    () => `${rounds} histories`,
    COUNT,
  )
  expect(rounds).toBeGreaterThan(0)
})

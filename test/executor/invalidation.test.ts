// Tests how a running build learns that its inputs may have changed.
import { expect, it } from 'vitest'
import { Invalidation } from '../../src/executor/invalidation.ts'

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  return Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ])
}

it('reports several changes once, and a later change again', async () => {
  const invalidation = new Invalidation()
  const first = invalidation.next()
  expect([await isSettled(first), invalidation.isRaised]).toEqual([false, false])
  invalidation.raise()
  invalidation.raise()
  const second = invalidation.next()
  expect([await isSettled(first), await isSettled(second), invalidation.isRaised]).toEqual([true, true, true])
  invalidation.clear()
  const third = invalidation.next()
  expect([await isSettled(third), invalidation.isRaised]).toEqual([false, false])
  invalidation.raise()
  expect(await isSettled(third)).toBe(true)
  const early = new Invalidation()
  early.raise()
  expect(await isSettled(early.next())).toBe(true)
})

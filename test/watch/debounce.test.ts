import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { Invalidation } from '../../src/executor/invalidation.ts'
import { Hints } from '../../src/watch/debounce.ts'

// Events are gathered until a burst of them is over, and told to a build at most once for each look that it takes.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] })
  onTestFinished(() => void vi.useRealTimers())
})

/** Whether a promise is settled. */
function watched(promise: Promise<void>): { done: boolean } {
  const state = { done: false }
  void promise.then(() => (state.done = true))
  return state
}

const never = new AbortController().signal

it('a burst is over when it has been quiet for 50 ms, or after a second', async () => {
  const hints = new Hints()
  const burst = watched(hints.burst(never))
  for (let n = 0; n < 5; n += 1) {
    hints.happened('/a', false)
    await vi.advanceTimersByTimeAsync(40)
    expect(burst.done).toBe(false)
  }
  await vi.advanceTimersByTimeAsync(20)
  expect(burst.done).toBe(true)
  hints.take()

  const endless = watched(hints.burst(never))
  for (let passed = 0; passed < 1_000; passed += 20) {
    hints.happened('/a', false)
    expect(endless.done).toBe(false)
    await vi.advanceTimersByTimeAsync(20)
  }
  await vi.advanceTimersByTimeAsync(20)
  hints.happened('/a', false)
  await vi.advanceTimersByTimeAsync(0)
  expect(endless.done).toBe(true)
})

it('waiting ends with the signal, also in the middle of a burst', async () => {
  const hints = new Hints()
  const [idle, busy] = [new AbortController(), new AbortController()]
  const waiting = watched(hints.burst(idle.signal))
  idle.abort()
  await vi.advanceTimersByTimeAsync(0)
  expect(waiting.done).toBe(true)
  hints.happened('/a', false)
  const gathering = watched(hints.burst(busy.signal))
  busy.abort()
  await vi.advanceTimersByTimeAsync(0)
  expect(gathering.done).toBe(true)
})

it('what happened is taken once, the first ten paths by name', () => {
  const hints = new Hints()
  expect(hints.take()).toBeUndefined()
  for (let n = 0; n < 12; n += 1) hints.happened(`/${n}`, false)
  hints.happened('/0', false)
  const burst = hints.take()!
  expect(burst).toMatchObject({ more: 2, entries: false })
  expect(burst.paths).toEqual(Array.from({ length: 10 }, (_, n) => `/${n}`))
  expect(hints.take()).toBeUndefined()
  hints.happened('/new', true)
  expect(hints.take()).toMatchObject({ paths: ['/new'], more: 0, entries: true })
  hints.wake()
  expect(hints.take()).toMatchObject({ paths: [], entries: true })
})

it('what is of no concern is nothing; so many events that some may be lost may have been of names', () => {
  const hints = new Hints()
  hints.concerns = (path) => path === '/a'
  hints.happened('/b', true)
  expect(hints.take()).toBeUndefined()
  for (let n = 0; n < 4_000; n += 1) hints.happened('/a', false)
  expect(hints.take()).toMatchObject({ entries: false })
  for (let n = 0; n <= 4_000; n += 1) hints.happened('/a', false)
  expect(hints.take()).toMatchObject({ entries: true })
})

it('a build is told once of any number of notices, and again of one that comes after it looked', async () => {
  const invalidation = new Invalidation()
  const first = watched(invalidation.next())
  await vi.advanceTimersByTimeAsync(0)
  expect([first.done, invalidation.given]).toEqual([false, false])
  invalidation.give()
  invalidation.give()
  const second = watched(invalidation.next())
  await vi.advanceTimersByTimeAsync(0)
  expect([first.done, second.done, invalidation.given]).toEqual([true, true, true])
  invalidation.take()
  const third = watched(invalidation.next())
  await vi.advanceTimersByTimeAsync(0)
  expect([third.done, invalidation.given]).toEqual([false, false])
  invalidation.give()
  await vi.advanceTimersByTimeAsync(0)
  expect(third.done).toBe(true)
  const early = new Invalidation()
  early.give()
  const late = watched(early.next())
  await vi.advanceTimersByTimeAsync(0)
  expect(late.done).toBe(true)
})

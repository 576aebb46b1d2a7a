// Tests how changes collect into bursts.
import { expect, it } from 'vitest'
import type { Burst } from '../../src/watch/debounce.ts'
import { isOver, overAt, pathsOf, withChange } from '../../src/watch/debounce.ts'

/** A burst of changes of one path at some times, in seconds. */
const burstAt = (...times: readonly [number, ...number[]]): Burst =>
  times
    .slice(1)
    .reduce((burst, now) => withChange(burst, { path: '/a', entries: false, now }), first(times[0]))

const first = (now: number, path = '/a', entries = false): Burst =>
  withChange(undefined, { path, entries, now })

it('a burst is over 50 ms after its last change', () => {
  const times = [1, 1.04, 1.08, 1.12, 1.16] as const
  expect(overAt(burstAt(...times))).toBeCloseTo(1.21)
  expect(isOver(burstAt(...times), 1.2)).toBe(false)
  expect(isOver(burstAt(...times), 1.22)).toBe(true)
})

it('a burst that does not end is over after a second', () => {
  const endless = Array.from({ length: 50 }, (_, n) => n * 0.02)
  const burst = burstAt(0, ...endless)
  expect(isOver(burst, 0.99)).toBe(false)
  expect(isOver(burst, 1)).toBe(true)
})

it('a burst has each path once, the first ten by name', () => {
  let burst = first(0, '/0')
  for (let n = 1; n < 12; n += 1) burst = withChange(burst, { path: `/${n}`, entries: false, now: n })
  burst = withChange(burst, { path: '/0', entries: false, now: 12 })
  expect(pathsOf(burst)).toEqual({ paths: Array.from({ length: 10 }, (_, n) => `/${n}`), more: 2 })
  expect(burst).toMatchObject({ since: 0, latest: 12, entries: false })
  expect(pathsOf(undefined)).toEqual({ paths: [], more: 0 })
})

it('a change without a path has no name, and entries stay noted', () => {
  const burst = withChange(first(0, '', true), { path: '/new', entries: false, now: 1 })
  expect(burst.entries).toBe(true)
  expect(pathsOf(burst)).toEqual({ paths: ['/new'], more: 0 })
  expect(pathsOf(first(0, '', true))).toEqual({ paths: [], more: 0 })
})

it('so many events that the kernel may have lost some count as changed entries', () => {
  let burst = first(0)
  for (let n = 1; n < 4_000; n += 1) burst = withChange(burst, { path: '/a', entries: false, now: n })
  expect(burst.entries).toBe(false)
  expect(withChange(burst, { path: '/a', entries: false, now: 4_000 }).entries).toBe(true)
})

// Tests that watch reports nothing twice while it stays the same.
import { expect, it } from 'vitest'
import type { Planned } from '../../src/planner/domain.ts'
import { withChange } from '../../src/watch/debounce.ts'
import { EventReporter } from '../../src/watch/eventReporter.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { Failure } from '../../src/platform/failure.ts'

function reporting() {
  const events: WatchEvent[] = []
  const reporter = new EventReporter((event) => events.push(event))
  /** How many events an action causes. */
  const times = (act: () => void): number => {
    const before = events.length
    act()
    return events.length - before
  }
  return { events, reporter, times }
}

it('reports idleness again after a change, and when it is of another kind', () => {
  const { reporter, times } = reporting()
  const plan: readonly Planned[] = []
  const idle = { plan, failed: [], configFailed: false, changed: false }
  expect(times(() => reporter.idle(idle))).toBe(1)
  expect(times(() => reporter.idle(idle))).toBe(0)
  expect(times(() => reporter.idle({ ...idle, changed: true }))).toBe(1)
  expect(times(() => reporter.idle({ ...idle, configFailed: true }))).toBe(1)
  reporter.building(plan)
  expect(times(() => reporter.idle({ ...idle, configFailed: true }))).toBe(1)
  reporter.forget()
  expect(times(() => reporter.idle({ ...idle, configFailed: true }))).toBe(1)
})

it('reports a failure once until it is resolved', () => {
  const { reporter, times } = reporting()
  const failure = new Failure('cannot load build.config.ts')
  expect(times(() => reporter.failed('config', failure))).toBe(1)
  expect(times(() => reporter.failed('config', failure))).toBe(0)
  expect(times(() => reporter.failed('inputs', failure))).toBe(1)
  reporter.resolved('config')
  expect(times(() => reporter.failed('config', failure))).toBe(1)
  expect(times(() => reporter.failed('inputs', failure))).toBe(0)
})

it('reports changed paths relative to the workspace, and none if no path is known', () => {
  const { events, reporter, times } = reporting()
  expect(times(() => reporter.changed(undefined, '/w'))).toBe(0)
  const nameless = withChange(undefined, { path: '', entries: true, now: 0 })
  expect(times(() => reporter.changed(nameless, '/w'))).toBe(0)
  let burst = nameless
  for (const path of ['/w/a', '/elsewhere', ...Array.from({ length: 11 }, (_, n) => `/w/${n}`)])
    burst = withChange(burst, { path, entries: false, now: 1 })
  reporter.changed(burst, '/w')
  const paths = ['a', '/elsewhere', '0', '1', '2', '3', '4', '5', '6', '7']
  expect(events).toEqual([{ type: 'changed', paths, more: 3 }])
})

// Tests the states of watch: every transition as a row of a table, and random histories against a model.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Burst } from '../../src/watch/debounce.ts'
import { withChange } from '../../src/watch/debounce.ts'
import type { WatchInput, WatchState } from '../../src/watch/state.ts'
import { startState, tickAt, transition } from '../../src/watch/state.ts'

const at = (now: number, path = `/${now}`) => ({ path, entries: false, now })
const change = (now: number): WatchInput => ({ type: 'change', ...at(now) })
const tick = (now: number): WatchInput => ({ type: 'tick', now })
const planned = (result: 'work' | 'fresh' | 'not-fresh' | 'failed'): WatchInput => ({
  type: 'planned',
  result,
})
const checked = (graphChanged: boolean): WatchInput => ({ type: 'checked', graphChanged })
const burst = (...times: readonly number[]): Burst =>
  times.map((now) => at(now)).reduce<Burst | undefined>(withChange, undefined) ?? withChange(undefined, at(0))

const facts = { cancel: true, config: 'loaded', announced: false } as const
const STATES = {
  idle: { ...facts, kind: 'idle' },
  debouncing: { ...facts, kind: 'debouncing', burst: burst(1) },
  planning: { ...facts, kind: 'planning', cause: burst(1), pending: undefined },
  'planning with a change': { ...facts, kind: 'planning', cause: burst(1), pending: burst(2) },
  building: { ...facts, kind: 'building', pending: undefined },
  'building with a change': { ...facts, kind: 'building', pending: burst(2) },
  'building without cancelling': { ...facts, cancel: false, kind: 'building', pending: burst(2) },
  checking: { ...facts, kind: 'checking', burst: burst(2), pending: burst(3), finished: false },
  'checking after the build': {
    ...facts,
    kind: 'checking',
    burst: burst(2),
    pending: burst(3),
    finished: true,
  },
  cancelling: { ...facts, kind: 'cancelling', pending: burst(3) },
  stopped: { ...facts, kind: 'stopped' },
} as const satisfies Record<string, WatchState>

type Name = keyof typeof STATES

/** Only these inputs lead from a state to another one; the rest of the state is what `to` says. */
const TRANSITIONS: readonly (readonly [from: Name, input: WatchInput, to: object])[] = [
  ['idle', change(5), { kind: 'debouncing', burst: burst(5) }],
  ['debouncing', change(1.04), { kind: 'debouncing', burst: burst(1, 1.04) }],
  ['debouncing', tick(1.06), { kind: 'planning', cause: burst(1), pending: undefined }],
  ['planning', change(2), { kind: 'planning', pending: burst(2) }],
  ['planning', planned('work'), { kind: 'building', pending: undefined, announced: false }],
  ['planning', planned('fresh'), { kind: 'idle', announced: true }],
  ['planning', planned('not-fresh'), { kind: 'idle', announced: false }],
  ['planning', planned('failed'), { kind: 'idle', announced: false }],
  ['planning with a change', change(2.01), { kind: 'planning', pending: burst(2, 2.01) }],
  ['planning with a change', planned('work'), { kind: 'building', pending: burst(2) }],
  ['planning with a change', planned('fresh'), { kind: 'debouncing', burst: burst(2), announced: true }],
  ['planning with a change', planned('not-fresh'), { kind: 'debouncing', burst: burst(2) }],
  ['planning with a change', planned('failed'), { kind: 'debouncing', burst: burst(2) }],
  ['building', change(2), { kind: 'building', pending: burst(2) }],
  ['building', { type: 'finished' }, { kind: 'planning', cause: undefined, pending: undefined }],
  ['building with a change', change(2.01), { kind: 'building', pending: burst(2, 2.01) }],
  ['building with a change', tick(2.06), { kind: 'checking', burst: burst(2), pending: undefined }],
  ['building with a change', { type: 'finished' }, { kind: 'planning', cause: burst(2), pending: undefined }],
  ['building without cancelling', change(2.01), { kind: 'building', pending: burst(2, 2.01) }],
  ['building without cancelling', { type: 'finished' }, { kind: 'planning', cause: burst(2) }],
  ['checking', change(3.01), { kind: 'checking', burst: burst(2), pending: burst(3, 3.01) }],
  ['checking', checked(false), { kind: 'building', pending: burst(3) }],
  ['checking', checked(true), { kind: 'cancelling', pending: burst(3) }],
  ['checking', { type: 'finished' }, { kind: 'checking', finished: true, pending: burst(3) }],
  ['checking after the build', change(3.01), { kind: 'checking', pending: burst(3, 3.01), finished: true }],
  ['checking after the build', checked(false), { kind: 'planning', cause: burst(3), pending: undefined }],
  ['checking after the build', checked(true), { kind: 'planning', cause: burst(3), pending: undefined }],
  ['cancelling', change(3.01), { kind: 'cancelling', pending: burst(3, 3.01) }],
  ['cancelling', { type: 'finished' }, { kind: 'planning', cause: burst(3), pending: undefined }],
]

/** An input of each kind, far in the future so that a tick ends every burst. */
const INPUTS: readonly WatchInput[] = [
  change(100),
  tick(100),
  ...(['work', 'fresh', 'not-fresh', 'failed'] as const).map(planned),
  checked(false),
  checked(true),
  { type: 'finished' },
]

const names = Object.keys(STATES).filter((name): name is Name => Object.hasOwn(STATES, name))

describe('a transition', () => {
  it.each(TRANSITIONS)('from %s on %j', (from, input, to) => {
    expect(transition(STATES[from], input)).toMatchObject(to)
  })

  it.each(names)('from %s happens on no other input', (name) => {
    const wanted = TRANSITIONS.filter(([from]) => from === name)
    for (const input of INPUTS) {
      const known = wanted.some(([, { type }]) => type === input.type)
      if (!known) expect(transition(STATES[name], input), JSON.stringify(input)).toBe(STATES[name])
    }
  })

  it.each(names)('from %s on stop leads to stopped', (name) => {
    expect(transition(STATES[name], { type: 'stop' }).kind).toBe('stopped')
  })

  it.each(names.filter((name) => name !== 'stopped'))('from %s on config changes nothing else', (name) => {
    const failed = transition(STATES[name], { type: 'config', loaded: false })
    expect(failed).toEqual({ ...STATES[name], config: 'failed' })
    expect(transition(failed, { type: 'config', loaded: true })).toEqual(STATES[name])
  })

  it('to a plan that failed leaves what the followers know', () => {
    const announced = { ...STATES.planning, announced: true }
    expect(transition(announced, planned('failed'))).toMatchObject({ kind: 'idle', announced: true })
    expect(transition(announced, planned('work'))).toMatchObject({ kind: 'building', announced: false })
  })

  it('on a tick waits for the end of the burst', () => {
    expect(transition(STATES.debouncing, tick(1.04))).toBe(STATES.debouncing)
    const pending = STATES['building with a change']
    expect(transition(pending, tick(2.04))).toBe(pending)
  })
})

describe('a tick', () => {
  it('is due only while a burst has to end', () => {
    const due = names.filter((name) => tickAt(STATES[name]) !== undefined)
    expect(due).toEqual(['debouncing', 'building with a change'])
  })
})

/** The path of each change in a burst. */
function pathsIn(one: Burst | undefined): string[] {
  const paths: string[] = []
  for (let link = one?.paths; link; link = link.older) paths.push(link.path)
  return paths
}

const collected = (state: WatchState): string[] =>
  [
    'burst' in state ? state.burst : undefined,
    'cause' in state ? state.cause : undefined,
    'pending' in state ? state.pending : undefined,
  ].flatMap(pathsIn)

/** Inputs that can come: each step moves the clock, then changes a file, waits, or finishes the work of the state. */
const step = fc.record({
  seconds: fc.constantFrom(0.001, 0.02, 0.06, 1.2),
  act: fc.constantFrom('change', 'wait', 'work', 'config'),
  result: fc.constantFrom('work', 'fresh', 'not-fresh', 'failed'),
  graphChanged: fc.boolean(),
})

describe('in a random history', () => {
  it('no change is lost, one build runs at a time, and watch comes to rest', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, cancel) => {
        let state = startState(cancel)
        let now = 0
        let builds = 0
        /** Changes that no plan and no check has seen since they happened. */
        const unseen = new Set<string>()
        const apply = (input: WatchInput): void => {
          const before = state
          state = transition(state, input)
          if (before.kind === 'planning' && state.kind === 'building') builds += 1
          if (input.type === 'finished') builds -= 1
          expect(builds === 0 || builds === 1).toBe(true)
          if (state.kind === before.kind) return
          const seen =
            state.kind === 'planning' ? state.cause : state.kind === 'checking' ? state.burst : undefined
          for (const path of pathsIn(seen)) unseen.delete(path)
        }
        const work = (result: 'work' | 'fresh' | 'not-fresh' | 'failed', graphChanged: boolean): void => {
          if (state.kind === 'planning') apply(planned(result))
          else if (state.kind === 'checking') apply(checked(graphChanged))
          else if (state.kind === 'building' || state.kind === 'cancelling') apply({ type: 'finished' })
        }
        const wait = (): void => {
          const due = tickAt(state)
          if (due !== undefined && due <= now) apply(tick(now))
        }
        for (const { seconds, act, result, graphChanged } of steps) {
          now += seconds
          wait()
          if (act === 'work') work(result, graphChanged)
          else if (act === 'config') apply({ type: 'config', loaded: graphChanged })
          else if (act === 'change') {
            unseen.add(`/${now}`)
            apply(change(now))
          }
          const held = collected(state)
          for (const path of unseen) expect(held).toContain(path)
        }
        for (let rest = 0; state.kind !== 'idle'; rest += 1) {
          expect(rest).toBeLessThan(10)
          now += 2
          wait()
          work('fresh', false)
        }
        expect([...unseen], 'unseen changes').toEqual([])
        expect(builds).toBe(0)
      }),
      { numRuns: 500 },
    )
  })
})

import type { FailureData } from '../../events/events.ts'
import type { BuildEvent } from '../../events/events.ts'
import type { Explanation } from '../../planner/evidence.ts'
import type { WatchEvent } from '../../watch/events.ts'

/** What is shown of one artifact. */
export interface Row {
  readonly is: 'fresh' | 'restorable' | 'stale' | 'undecided' | 'running' | 'built' | 'restored' | 'failed'
  /** How long its last run took. */
  readonly seconds?: number
  /** When it began, in seconds of the clock that drawing uses. */
  readonly since?: number
}

/** All that the screen of `watch` shows. */
export interface WatchState {
  readonly targets: readonly string[]
  readonly rows: ReadonlyMap<string, Row>
  readonly doing: 'starting' | 'building' | 'waiting'
  readonly fresh: boolean
  readonly changed: string
  readonly last: Extract<WatchEvent, { type: 'built' }> | undefined
  /** Why what was built last was built. */
  readonly told: Explanation | undefined
  /** What failed, in the words of whom. */
  readonly failures: ReadonlyMap<string, FailureData>
  /** Other things to know, the newest last. */
  readonly notes: readonly string[]
}

export const START: WatchState = {
  targets: [],
  rows: new Map(),
  doing: 'starting',
  fresh: false,
  changed: '',
  last: undefined,
  told: undefined,
  failures: new Map(),
  notes: [],
}

/** How many notes are kept. */
const NOTES = 3

/** The state with one more thing to know, which is said once. Pure. */
export const noted = (state: WatchState, text: string): WatchState => ({
  ...state,
  notes: [...state.notes.filter((note) => note !== text), text].slice(-NOTES),
})

/** The state after an event; `now` is in seconds. Pure. */
export function follow(state: WatchState, event: WatchEvent, now: number): WatchState {
  const note = (text: string): WatchState => noted(state, text)
  switch (event.type) {
    case 'watching':
      return { ...state, targets: event.targets }
    case 'scanning':
      return note(
        `${event.reason}: looking every ${event.interval} s${event.hint === undefined ? '' : `; ${event.hint}`}`,
      )
    case 'changed':
      return {
        ...state,
        changed: `${event.paths.join(', ')}${event.more > 0 ? ` and ${event.more} more` : ''}`,
      }
    case 'config':
      return { ...state, failures: without(state.failures, 'config') }
    case 'building': {
      const rows = new Map(state.rows)
      for (const { artifact, verdict } of event.artifacts)
        rows.set(artifact, { ...rows.get(artifact), is: verdict })
      return { ...state, doing: 'building', rows, notes: [], failures: withoutTroubles(state.failures, rows) }
    }
    case 'build':
      return followBuild(state, event.event, now)
    case 'built':
      return {
        ...state,
        last: event,
        failures: event.outcome === 'done' ? onlyConfig(state.failures) : state.failures,
      }
    case 'failed':
      return { ...state, failures: new Map(state.failures).set(event.what, event.failure) }
    case 'exec':
      return note(
        event.state === 'started'
          ? `running ${event.command.join(' ')}`
          : `${event.command.join(' ')} ended: ${event.code}`,
      )
    case 'machine':
      return note(
        event.state === 'started'
          ? `machine started, console in ${event.console}`
          : `machine ended ${event.errors ?? ''}`,
      )
    case 'idle': {
      const rows = new Map(
        event.artifacts.map(({ artifact, verdict, seconds }): [string, Row] => {
          const is = event.failed.includes(artifact) ? 'failed' : verdict
          return [artifact, seconds === undefined ? { is } : { is, seconds }]
        }),
      )
      const kept = [...state.failures].filter(([what]) =>
        what === 'config' ? event.broken : !event.fresh && (event.failed.includes(what) || !rows.has(what)),
      )
      const { fresh } = event
      // What was taken back is as if it had not been tried.
      const last = fresh && state.last?.outcome !== 'done' ? undefined : state.last
      return {
        ...state,
        doing: 'waiting',
        fresh,
        last,
        rows: rows.size > 0 ? rows : state.rows,
        failures: new Map(kept),
      }
    }
  }
}

function followBuild(state: WatchState, event: BuildEvent, now: number): WatchState {
  const row = (artifact: string, is: Row['is'], more: Partial<Row> = {}): WatchState => {
    const { seconds } = { ...state.rows.get(artifact), ...more }
    const full: Row = { is, ...more, ...(seconds === undefined ? {} : { seconds }) }
    return { ...state, rows: new Map(state.rows).set(artifact, full) }
  }
  switch (event.type) {
    case 'started': {
      const rows = event.artifacts.map(({ name }): [string, Row] => [
        name,
        state.rows.get(name) ?? { is: 'fresh' },
      ])
      return { ...state, rows: new Map(rows) }
    }
    case 'explained':
      return { ...state, told: event.explanation }
    case 'running':
      return row(event.artifact, 'running', { since: now })
    case 'built':
      return {
        ...row(event.artifact, 'built', { seconds: event.seconds }),
        failures: without(state.failures, event.artifact),
      }
    case 'restored':
      return { ...row(event.artifact, 'restored'), failures: without(state.failures, event.artifact) }
    case 'cancelled':
      return row(event.artifact, 'stale')
    case 'failed':
      return {
        ...row(event.artifact, 'failed'),
        failures: new Map(state.failures).set(event.artifact, event.failure),
      }
    case 'waiting':
      return noted(state, 'waiting for another build of this workspace')
    case 'warning':
      return noted(state, event.message)
    case 'preserved':
      return noted(state, `${event.path} had been changed: it is now ${event.as}`)
    default:
      return state
  }
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map)
  copy.delete(key)
  return copy
}

/** What failed but is no artifact's is over when a build begins, unless it is the config's. */
const withoutTroubles = (
  failures: ReadonlyMap<string, FailureData>,
  rows: ReadonlyMap<string, Row>,
): ReadonlyMap<string, FailureData> =>
  new Map([...failures].filter(([what]) => what === 'config' || rows.has(what)))

const onlyConfig = (failures: ReadonlyMap<string, FailureData>): ReadonlyMap<string, FailureData> =>
  new Map([...failures].filter(([what]) => what === 'config'))

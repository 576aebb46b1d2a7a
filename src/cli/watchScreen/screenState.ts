// What the screen of watch shows, and how each event changes it.
import type { BuildEvent } from '../../events/events.ts'
import type { FailureData } from '../../platform/failureData.ts'
import type { Explanation } from '../../planner/evidence.ts'
import type { WatchEvent } from '../../watch/events.ts'
import { changedText } from './lines.ts'

/** One artifact on the screen. */
export interface Row {
  readonly status:
    'fresh' | 'restorable' | 'stale' | 'undecided' | 'running' | 'built' | 'restored' | 'failed'
  /** The duration of its last run. */
  readonly seconds?: number
  /** When its run started, in seconds of the clock that drawing uses. */
  readonly since?: number
}

/** Everything that the screen of `watch` shows. */
export interface ScreenState {
  readonly targets: readonly string[]
  /** The address of the page of `--ui`. */
  readonly url?: string
  readonly rows: ReadonlyMap<string, Row>
  readonly doing: 'starting' | 'building' | 'waiting'
  readonly fresh: boolean
  readonly changed: string
  readonly last: Extract<WatchEvent, { type: 'built' }> | undefined
  /** Why the last build ran. */
  readonly explanation: Explanation | undefined
  /** Failures by artifact, or by the scope of a `failed` event. */
  readonly failures: ReadonlyMap<string, FailureData>
  /** Other messages, the newest last. */
  readonly notes: readonly string[]
}

export const EMPTY_SCREEN: ScreenState = {
  targets: [],
  rows: new Map(),
  doing: 'starting',
  fresh: false,
  changed: '',
  last: undefined,
  explanation: undefined,
  failures: new Map(),
  notes: [],
}

/** How many notes the screen shows. */
const NOTES = 3

/** The state with one more note, unless it has the same one already. */
export const withNote = (state: ScreenState, text: string): ScreenState => ({
  ...state,
  notes: [...state.notes.filter((note) => note !== text), text].slice(-NOTES),
})

/** The state after an event; `now` is in seconds. */
export function nextState(state: ScreenState, event: WatchEvent, now: number): ScreenState {
  const note = (text: string): ScreenState => withNote(state, text)
  switch (event.type) {
    case 'watching':
      return { ...state, targets: event.targets }
    case 'serving':
      return { ...state, url: event.url }
    case 'polling': {
      const hint = event.hint === undefined ? '' : `; ${event.hint}`
      return note(`${event.reason}; checking every ${event.intervalSeconds} s${hint}`)
    }
    case 'changed':
      return { ...state, changed: changedText(event) }
    case 'reconfigured':
      return { ...state, failures: without(state.failures, 'config') }
    case 'building': {
      const rows = new Map(state.rows)
      for (const { artifact, verdict } of event.artifacts)
        rows.set(artifact, { ...rows.get(artifact), status: verdict })
      return {
        ...state,
        doing: 'building',
        rows,
        notes: [],
        failures: ofArtifactsAndConfig(state.failures, rows),
      }
    }
    case 'build':
      return afterBuildEvent(state, event.event, now)
    case 'built':
      return {
        ...state,
        last: event,
        failures: event.outcome === 'done' ? onlyConfig(state.failures) : state.failures,
      }
    case 'failed':
      return { ...state, failures: new Map(state.failures).set(event.scope, event.failure) }
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
          const status = event.failed.includes(artifact) ? 'failed' : verdict
          return [artifact, seconds === undefined ? { status } : { status, seconds }]
        }),
      )
      const unresolved = [...state.failures].filter(([name]) =>
        name === 'config'
          ? event.configFailed
          : !event.fresh && (event.failed.includes(name) || !rows.has(name)),
      )
      const { fresh } = event
      // Fresh although the last build failed: the user reverted the edit, so do not show that build.
      const last = fresh && state.last?.outcome !== 'done' ? undefined : state.last
      return {
        ...state,
        doing: 'waiting',
        fresh,
        last,
        rows: rows.size > 0 ? rows : state.rows,
        failures: new Map(unresolved),
      }
    }
  }
}

function afterBuildEvent(state: ScreenState, event: BuildEvent, now: number): ScreenState {
  const row = (artifact: string, status: Row['status'], more: Partial<Row> = {}): ScreenState => {
    const { seconds } = { ...state.rows.get(artifact), ...more }
    const full: Row = { status, ...more, ...(seconds === undefined ? {} : { seconds }) }
    return { ...state, rows: new Map(state.rows).set(artifact, full) }
  }
  switch (event.type) {
    case 'started': {
      const rows = event.artifacts.map(({ name }): [string, Row] => [
        name,
        state.rows.get(name) ?? { status: 'fresh' },
      ])
      return { ...state, rows: new Map(rows) }
    }
    case 'explained':
      return { ...state, explanation: event.explanation }
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
      return withNote(state, 'waiting for another build of this workspace')
    case 'warning':
      return withNote(state, event.message)
    case 'preserved':
      return withNote(state, `${event.path} had been changed: it is now ${event.as}`)
    default:
      return state
  }
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map)
  copy.delete(key)
  return copy
}

/**
 * Keeps the failures of artifacts and of the config. Drops the failures of other scopes (`inputs`, `build`, `machine`),
 * because a new build has begun.
 */
const ofArtifactsAndConfig = (
  failures: ReadonlyMap<string, FailureData>,
  rows: ReadonlyMap<string, Row>,
): ReadonlyMap<string, FailureData> =>
  new Map([...failures].filter(([name]) => name === 'config' || rows.has(name)))

const onlyConfig = (failures: ReadonlyMap<string, FailureData>): ReadonlyMap<string, FailureData> =>
  new Map([...failures].filter(([name]) => name === 'config'))

import type { ExplainedCause } from '../planner/evidence.ts'
import type { BuildEvent } from './events.ts'

/** How much room one cause, one reason or one failure has in a line of the log, in characters of JSON. */
const ROOM = 131_072
/** How many reasons of one artifact the log holds. */
const REASONS = 200
/** No object of lbuild's own has more members; the value of a param may. */
const MEMBERS = 32

/**
 * An event as the log keeps it: what may be of any size is cut where it lists entries or holds long texts, and its shape
 * stays. Lists that are as long as the graph is stay whole, and a cause that was cut says so (`cut`). Gives the event
 * itself where nothing had to be cut.
 */
export function cutEvent(event: BuildEvent): BuildEvent {
  switch (event.type) {
    case 'explained': {
      const causes = event.explanation.causes.map(cutCause)
      const isCut = causes.some((cause, at) => cause !== event.explanation.causes[at])
      return isCut ? { ...event, explanation: { ...event.explanation, causes } } : event
    }
    case 'running':
    case 'restored':
    case 'skipped':
      return withReasons(event)
    case 'failed': {
      const failure = fit(event.failure)
      return withReasons(failure === event.failure ? event : { ...event, failure })
    }
    case 'ended': {
      const failure = event.failure && fit(event.failure)
      return failure === event.failure ? event : { ...event, failure: failure! }
    }
    case 'started': {
      const params = fit(event.params)
      return params === event.params ? event : { ...event, params }
    }
    case 'warning':
      return fit(event)
    default:
      return event
  }
}

/** A cause says that it was cut, and how many entries were there beside those that are left. */
function cutCause(cause: ExplainedCause): ExplainedCause {
  const { artifacts, ...rest } = cause
  const cut = fit(rest)
  if (cut === rest) return cause
  const { entries = [], moreEntries = 0 } = cause.evidence
  const left = entries.length + moreEntries - (cut.evidence.entries?.length ?? 0)
  const evidence = left > 0 ? { ...cut.evidence, moreEntries: left } : cut.evidence
  const marked: ExplainedCause & { readonly cut: true } = { ...cut, evidence, artifacts, cut: true }
  return marked
}

function withReasons<E extends Extract<BuildEvent, { readonly reasons: unknown }>>(event: E): E {
  const reasons = event.reasons.slice(0, REASONS).map(fit)
  const same =
    reasons.length === event.reasons.length && reasons.every((one, at) => one === event.reasons[at])
  return same ? event : { ...event, reasons }
}

/** The value itself if there is room for it, else one of the same shape with less in its lists and texts. */
function fit<T>(value: T): T {
  if (JSON.stringify(value).length <= ROOM) return value
  for (let most = 4096; ; most = Math.floor(most / 2)) {
    const cut = shorten(value, most)
    if (most === 0 || JSON.stringify(cut).length <= ROOM) return cut as T
  }
}

function shorten(value: unknown, most: number): unknown {
  if (typeof value === 'string') return value.length > most ? `${value.slice(0, most)}…` : value
  if (Array.isArray(value)) return value.slice(0, most).map((one) => shorten(one, most))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).slice(0, Math.max(most, MEMBERS))
  return Object.fromEntries(members.map(([name, one]) => [name, shorten(one, most)]))
}

// Limits the size of an event in the log.
import type { ExplainedCause } from '../planner/evidence.ts'
import type { BuildEvent } from './events.ts'

/** How large one cause, one reason or one failure may be in a line of the log, in characters of JSON. */
const LARGEST = 131_072
/** How many reasons of one artifact the log holds. */
const REASONS = 200
/** Objects of lbuild have fewer members than this; only the value of a param may have more. */
const MEMBERS = 32

/**
 * Shortens those lists and texts of an event whose size is unlimited. The result still matches the schema. A truncated
 * cause says so with `cut`. Lists as long as the graph are never shortened. Returns the event itself if it is small
 * enough.
 */
export function truncateEvent(event: BuildEvent): BuildEvent {
  switch (event.type) {
    case 'explained': {
      const causes = event.explanation.causes.map(truncateCause)
      const isCut = causes.some((cause, at) => cause !== event.explanation.causes[at])
      return isCut ? { ...event, explanation: { ...event.explanation, causes } } : event
    }
    case 'running':
    case 'restored':
    case 'skipped':
      return truncateReasons(event)
    case 'failed': {
      const failure = fit(event.failure)
      return truncateReasons(failure === event.failure ? event : { ...event, failure })
    }
    case 'ended': {
      const failure = event.failure && fit(event.failure)
      return failure && failure !== event.failure ? { ...event, failure } : event
    }
    case 'started': {
      const params = fit(event.params)
      const command = event.command && fit(event.command)
      if (params === event.params && command === event.command) return event
      return { ...event, params, ...(command === undefined ? {} : { command }) }
    }
    case 'warning':
      return fit(event)
    default:
      return event
  }
}

/** Truncates a cause, marks it as cut, and counts the entries that it no longer lists. */
function truncateCause(cause: ExplainedCause): ExplainedCause {
  const { artifacts, ...rest } = cause
  const short = fit(rest)
  if (short === rest) return cause
  const { entries = [], moreEntries = 0 } = cause.evidence
  const left = entries.length + moreEntries - (short.evidence.entries?.length ?? 0)
  const evidence = left > 0 ? { ...short.evidence, moreEntries: left } : short.evidence
  const marked: ExplainedCause & { readonly cut: true } = { ...short, evidence, artifacts, cut: true }
  return marked
}

function truncateReasons<E extends Extract<BuildEvent, { readonly reasons: unknown }>>(event: E): E {
  const reasons = event.reasons.slice(0, REASONS).map(fit)
  const isSame =
    reasons.length === event.reasons.length && reasons.every((one, at) => one === event.reasons[at])
  return isSame ? event : { ...event, reasons }
}

/** Returns the value itself if it is small enough, else one of the same shape with shorter lists and texts. */
function fit<T>(value: T): T {
  if (JSON.stringify(value).length <= LARGEST) return value
  for (let most = 4096; ; most = Math.floor(most / 2)) {
    const short = shorten(value, most)
    // Shortening keeps the shape of every object of lbuild.
    if (most === 0 || JSON.stringify(short).length <= LARGEST) return short as T
  }
}

function shorten(value: unknown, most: number): unknown {
  if (typeof value === 'string') return value.length > most ? `${value.slice(0, most)}…` : value
  if (Array.isArray(value)) return value.slice(0, most).map((one) => shorten(one, most))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).slice(0, Math.max(most, MEMBERS))
  return Object.fromEntries(members.map(([name, one]) => [name, shorten(one, most)]))
}

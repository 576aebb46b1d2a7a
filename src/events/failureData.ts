// Turns errors into the data that events and reports carry.
import { failureFrom } from '../platform/failure.ts'
import type { FailureData } from './events.ts'

/** A Failure as data; of any other error only its message. */
export function failureData(error: unknown): FailureData {
  const failure = failureFrom(error)
  if (!failure) return { headline: error instanceof Error ? error.message : String(error), facts: [] }
  const { headline, facts, hint, tail } = failure
  return {
    headline,
    facts,
    ...(hint === undefined ? {} : { hint }),
    ...(tail === undefined ? {} : { tail }),
  }
}

// A Failure as data: events, results of child processes and `--json` carry it.
import * as v from 'valibot'
import { failureFrom } from './failure.ts'

const fact = v.pipe(v.tuple([v.string(), v.string()]), v.readonly())

/** The schema of {@link FailureData}. */
export const failureSchema = v.pipe(
  v.object({
    headline: v.string(),
    facts: v.pipe(v.array(fact), v.readonly()),
    hint: v.exactOptional(v.string()),
    tail: v.exactOptional(v.string()),
  }),
  v.readonly(),
)

/** A Failure as JSON data. */
export type FailureData = v.InferOutput<typeof failureSchema>

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

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
  if (!failure) return { headline: headlineOf(error), facts: [] }
  const { headline, facts, hint, tail } = failure
  return {
    headline,
    facts,
    ...(hint === undefined ? {} : { hint }),
    ...(tail === undefined ? {} : { tail }),
  }
}

/** The message of an error that the code of a distro threw, which may be any value. */
function headlineOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'a value without a text was thrown'
  }
}

/** How many facts of a failure that a producer wrote are shown. */
const MAX_FACTS = 50
/** How much of each of its texts is shown, in characters. */
const MAX_TEXT = 16 * 1024
/** How much of the label of a fact is shown, in characters: labels are aligned. */
const MAX_LABEL = 100

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length)}…`

/** A failure that a producer wrote, which may be of any size, cut to what a reader can use. */
export const boundedFailure = ({ headline, facts, hint, tail }: FailureData): FailureData => ({
  headline: cut(headline, MAX_TEXT),
  facts: facts
    .slice(0, MAX_FACTS)
    .map(([label, value]) => [cut(label, MAX_LABEL), cut(value, MAX_TEXT)] as const),
  ...(hint === undefined ? {} : { hint: cut(hint, MAX_TEXT) }),
  ...(tail === undefined ? {} : { tail: cut(tail, MAX_TEXT) }),
})

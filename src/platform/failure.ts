// The error that users see: a headline, facts and a hint.

/** One `label: value` line below a headline. */
export type Fact = readonly [label: string, value: string]

/** How many lines of a tool's output or of a console a {@link Failure} shows. */
export const TAIL_LINES = 30

/** The maximum length of that text, in characters: a single line may be longer than any screen. */
const TAIL_LENGTH = 16 * 1024

/** The last {@link TAIL_LINES} lines of a text, at most {@link TAIL_LENGTH} characters. */
export function lastLines(text: string): string {
  const end = text.slice(-2 * TAIL_LENGTH).trimEnd()
  const lines = end.split('\n').slice(-TAIL_LINES).join('\n')
  return lines.length <= TAIL_LENGTH ? lines : `…${lines.slice(-TAIL_LENGTH)}`
}

/** Everything in a {@link Failure} but its headline. */
export interface FailureOptions {
  readonly facts?: readonly Fact[]
  /** One thing that the reader can do; starts with a verb. */
  readonly hint?: string | undefined
  /** The exit code of a process that ends with this failure; 1 by default. */
  readonly exitCode?: number
  readonly cause?: unknown
  /** The last lines of a tool's output or of a console, shown unchanged. */
  readonly tail?: string | undefined
}

/**
 * An error for the person at the terminal: a headline that says what failed, facts, and one hint. Any other error that
 * reaches the top is a bug in lbuild.
 */
export class Failure extends Error {
  override readonly name: string = 'Failure'
  readonly headline: string
  readonly facts: readonly Fact[]
  readonly hint: string | undefined
  readonly exitCode: number
  readonly tail: string | undefined

  constructor(headline: string, options: FailureOptions = {}) {
    super(headline, options.cause === undefined ? undefined : { cause: options.cause })
    this.headline = headline
    this.facts = options.facts ?? []
    this.hint = options.hint
    this.exitCode = options.exitCode ?? 1
    this.tail = options.tail
  }
}

/**
 * The Failure behind an error, or undefined for any other error. The code of a distro is bundled with its own copy of
 * the class, so `instanceof` does not recognize a Failure that it throws.
 */
export function failureFrom(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error
  return isFailure(error) ? new Failure(error.headline, error) : undefined
}

const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && error.name === 'Failure' && 'headline' in error && 'facts' in error

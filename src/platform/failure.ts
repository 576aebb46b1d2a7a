import { styleText } from 'node:util'

/** One aligned `name: value` line of a message. */
export type Fact = readonly [name: string, value: string]

/** How many lines of a tool's output or of a console a {@link Failure} carries. */
export const TAIL_LINES = 30

/** The last lines of a text, as many as a {@link Failure} carries. */
export const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')

/** What a {@link Failure} carries besides its headline. */
export interface FailureOptions {
  readonly facts?: readonly Fact[]
  /** One thing that the reader can do about it. */
  readonly hint?: string
  /** The exit code of the process that ends with this failure; 1 unless given. */
  readonly exitCode?: number
  readonly cause?: unknown
  /** The last lines of a tool's output or of a console, shown as they are. */
  readonly tail?: string
}

/**
 * An error made for the person at the terminal: what happened, the facts, and one hint. Everything that lbuild throws
 * on purpose is one of these; anything else that reaches the top is a bug in lbuild.
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
 * The failure as text without a final newline: the headline, then the tail (a tool's own words come first), then the
 * facts with their values aligned, then the hint. Further lines of a value are indented to the value's column.
 */
export function renderFailure(failure: Failure, color: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text

  const lines = [`${paint(['bold', 'red'], 'error:')} ${failure.headline}`]
  if (failure.tail !== undefined && failure.tail.trim() !== '') {
    for (const line of failure.tail.replace(/\s+$/, '').split('\n'))
      lines.push(`  ${paint('dim', '|')} ${line}`)
  }
  const width = Math.max(0, ...failure.facts.map(([name]) => name.length))
  for (const [name, value] of failure.facts) {
    const label = paint('dim', `${name}:`) + ' '.repeat(width - name.length)
    lines.push(`  ${label} ${value.split('\n').join(`\n${' '.repeat(width + 4)}`)}`)
  }
  if (failure.hint !== undefined) lines.push(`  ${paint('cyan', 'hint:')} ${failure.hint}`)
  return lines.join('\n')
}

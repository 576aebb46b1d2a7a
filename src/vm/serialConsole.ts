// Waits for patterns on a serial console.
import type { Clock } from './clock.ts'
import { ConsoleText, readableText } from './consoleText.ts'

/**
 * A pattern to look for in one line of the console. The line may still be incomplete, because a prompt has no newline. So
 * the match must not depend on what follows it: use no lookahead at the end and no `$`, do not end with a quantifier, and
 * let no alternative be a prefix of another. Then the result does not depend on how the stream is cut.
 */
export interface ConsolePattern {
  readonly pattern: RegExp
}

/** A pattern was found. */
export interface Match<P extends ConsolePattern = ConsolePattern> {
  readonly kind: 'matched'
  readonly matched: P
  /** The matched text. */
  readonly text: string
  /** The groups of the match. */
  readonly groups: readonly (string | undefined)[]
  /** All text between the match before and this one. */
  readonly before: string
  /** The line up to the end of the match. */
  readonly line: string
}

/** How a wait ended. */
export type Outcome<P extends ConsolePattern = ConsolePattern> =
  | Match<P>
  | { readonly kind: 'timeout' }
  /** The console was silent for the given time. */
  | { readonly kind: 'silence' }
  /** The stream ended, because the machine is off. */
  | { readonly kind: 'ended' }

/** Limits of one wait, both in seconds. */
export interface Limits {
  readonly within: number
  /** How long the console may be silent; unlimited by default. */
  readonly silence?: number
}

interface Waiting {
  /** Finishes the wait if a pattern matches the current line; returns whether one did. */
  readonly tryMatch: () => boolean
  readonly finish: (outcome: Exclude<Outcome, Match>) => void
}

/** A longer line is cut, so that a flood without a newline is not searched again and again. */
const LONGEST_LINE = 65_536
/** How much text `before` and the tail hold at most, in characters. */
const TEXT_LIMIT = 1_048_576

/**
 * Reads a serial console, and waits for one pattern after the other. Everything that is fed is searched in order,
 * whenever it arrives, so text that arrived before a wait is found, too.
 */
export class Console {
  readonly #clock: Clock
  readonly #text = new ConsoleText()
  /** The text for {@link tail}. */
  #recent = ''
  /** Text that is not on the line yet. */
  #queue = ''
  #line = ''
  /** Where the search in the line continues. */
  #offset = 0
  #before = ''
  #fedAt: number
  #ended = false
  #waiting: Waiting | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#fedAt = clock.now()
  }

  /** Takes the next bytes of the stream. */
  feed(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#fedAt = this.#clock.now()
    this.#take(this.#text.push(bytes))
  }

  /** Ends the stream. */
  end(): void {
    this.#ended = true
    this.#take(this.#text.end())
    this.#waiting?.finish({ kind: 'ended' })
  }

  /** The last lines, as {@link readableText}. */
  tail(lines: number): string {
    return readableText(this.#recent).split('\n').slice(-lines).join('\n')
  }

  /**
   * Waits for the first match. Of several on one line, the one that ends first wins, then the pattern that is listed
   * first. Text up to the end of a match is not searched again. Only one wait at a time.
   */
  async expect<P extends ConsolePattern>(patterns: readonly P[], limits: Limits): Promise<Outcome<P>> {
    if (this.#waiting !== undefined) throw new Error('another wait for the console is running')
    const began = this.#clock.now()
    const searches = patterns.map((matched): Search<P> => ({ matched, pattern: searching(matched.pattern) }))
    return new Promise<Outcome<P>>((resolve) => {
      const cancels: (() => void)[] = []
      const finish = (outcome: Outcome<P>): void => {
        for (const cancel of cancels.splice(0)) cancel()
        this.#waiting = undefined
        resolve(outcome)
      }
      const tryMatch = (): boolean => {
        const match = this.#firstMatch(searches)
        if (match) finish(match)
        return match !== undefined
      }
      const waiting = { tryMatch, finish }
      this.#waiting = waiting
      this.#search()
      if (this.#waiting !== waiting) return
      if (this.#ended) return finish({ kind: 'ended' })

      cancels.push(this.#clock.after(limits.within, () => finish({ kind: 'timeout' })))
      const { silence } = limits
      if (silence === undefined) return
      const checkSilence = (): void => {
        const left = Math.max(began, this.#fedAt) + silence - this.#clock.now()
        if (left <= 0) finish({ kind: 'silence' })
        else cancels.push(this.#clock.after(left, checkSilence))
      }
      checkSilence()
    })
  }

  #take(text: string): void {
    this.#recent = limited(this.#recent + text)
    this.#queue += text
    this.#search()
  }

  /** Moves text from the queue onto the line, and searches the line, until a pattern matches or the queue is empty. */
  #search(): void {
    while (this.#waiting !== undefined) {
      if (this.#waiting.tryMatch()) return
      if (this.#line.endsWith('\n') || this.#line.length >= LONGEST_LINE) {
        this.#before = limited(this.#before + this.#line.slice(this.#offset))
        this.#line = ''
        this.#offset = 0
      }
      if (this.#queue === '') return
      const newline = this.#queue.indexOf('\n') + 1
      const room = LONGEST_LINE - this.#line.length
      const length = Math.min(newline === 0 ? this.#queue.length : newline, room)
      this.#line += this.#queue.slice(0, length)
      this.#queue = this.#queue.slice(length)
    }
  }

  /** Finds the match that ends first in the rest of the line, and moves behind it. */
  #firstMatch<P extends ConsolePattern>(searches: readonly Search<P>[]): Match<P> | undefined {
    let first: { readonly matched: P; readonly found: RegExpExecArray; readonly end: number } | undefined
    for (const { matched, pattern } of searches) {
      pattern.lastIndex = this.#offset
      const found = pattern.exec(this.#line)
      if (found === null) continue
      const end = found.index + found[0].length
      if (first === undefined || end < first.end) first = { matched, found, end }
    }
    if (first === undefined) return undefined
    const { matched, found, end } = first
    const [text, ...groups] = found
    const before = this.#before + this.#line.slice(this.#offset, found.index)
    this.#before = ''
    this.#offset = end
    return { kind: 'matched', matched, text, groups, before, line: this.#line.slice(0, end) }
  }
}

/** A pattern with a copy of its expression that can start at an offset. */
interface Search<P extends ConsolePattern> {
  readonly matched: P
  readonly pattern: RegExp
}

const searching = (pattern: RegExp): RegExp =>
  new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}g`)

const limited = (text: string): string => (text.length > 2 * TEXT_LIMIT ? text.slice(-TEXT_LIMIT) : text)

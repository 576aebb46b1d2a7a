import type { Clock } from './clock.ts'
import { ConsoleText, tidy } from './text.ts'

/**
 * Something to look for on one line of the console, named. The line need not be complete: a prompt has no newline.
 * What a pattern matches must not depend on what follows it, so it has no lookahead and no `$`, does not end in a
 * quantifier, and none of its alternatives begins with another: then cutting the stream elsewhere changes nothing.
 */
export interface Sign<N extends string = string> {
  readonly name: N
  readonly pattern: RegExp
}

/** How a wait ended. */
export type Outcome<N extends string = string> =
  | {
      readonly kind: 'seen'
      readonly name: N
      /** The matched text and its groups. */
      readonly match: readonly (string | undefined)[]
      /** All text between the sign before and this one. */
      readonly before: string
      /** The whole line so far, with what came before the sign on it. */
      readonly line: string
    }
  /** The time was over. */
  | { readonly kind: 'timeout' }
  /** Nothing at all was written for the given time. */
  | { readonly kind: 'silence' }
  /** The stream ended: the machine is off. */
  | { readonly kind: 'ended' }

/** Limits of one wait, both in seconds. */
export interface Limits {
  readonly within: number
  /** How long the console may be silent; for ever unless given. */
  readonly silence?: number
}

interface Waiting {
  /** Names with their patterns, made to search from an offset. */
  readonly signs: readonly (readonly [name: string, pattern: RegExp])[]
  readonly finish: (outcome: Outcome) => void
}

/** A line longer than this is cut, so that a flood without a newline is not searched again and again. */
const LONGEST_LINE = 65_536
/** How much text is kept for `before` and for the tail, in characters. */
const KEPT = 1_048_576

/**
 * Reads a serial console, and waits for signs on it one after the other. Feed it bytes as they come; everything fed
 * is looked at in order, at whatever moment it came, so a sign that was written before anyone waited is still found.
 */
export class Console {
  readonly #clock: Clock
  readonly #text = new ConsoleText()
  #recent = ''
  #queue = ''
  #line = ''
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

  /** Says that the stream is over. */
  end(): void {
    this.#ended = true
    this.#take(this.#text.end())
    this.#waiting?.finish({ kind: 'ended' })
  }

  /** The last lines, made readable: see {@link tidy}. */
  tail(lines: number): string {
    return tidy(this.#recent).split('\n').slice(-lines).join('\n')
  }

  /**
   * Waits for the first of the signs. Of several on one line, the one that ends first is taken, then the one that is
   * named first. What was read up to the end of a sign is not looked at again. One wait at a time.
   */
  async expect<N extends string>(signs: readonly Sign<N>[], limits: Limits): Promise<Outcome<N>> {
    if (this.#waiting !== undefined) throw new Error('the console is being waited on already')
    const began = this.#clock.now()
    return new Promise<Outcome<N>>((resolve) => {
      const cancels: (() => void)[] = []
      let finished = false
      const finish = (outcome: Outcome): void => {
        finished = true
        for (const cancel of cancels.splice(0)) cancel()
        this.#waiting = undefined
        resolve(outcome as Outcome<N>)
      }
      this.#waiting = { signs: signs.map(({ name, pattern }) => [name, searching(pattern)]), finish }
      this.#search()
      if (this.#ended && !finished) finish({ kind: 'ended' })
      if (finished) return

      cancels.push(this.#clock.after(limits.within, () => finish({ kind: 'timeout' })))
      const { silence } = limits
      if (silence === undefined) return
      const watch = (): void => {
        const left = Math.max(began, this.#fedAt) + silence - this.#clock.now()
        if (left <= 0) finish({ kind: 'silence' })
        else cancels.push(this.#clock.after(left, watch))
      }
      watch()
    })
  }

  #take(text: string): void {
    this.#recent = kept(this.#recent + text)
    this.#queue += text
    this.#search()
  }

  /** Moves text from the queue onto the line, and looks at the line, until a sign is seen or the queue is empty. */
  #search(): void {
    while (this.#waiting !== undefined) {
      if (this.#seen(this.#waiting)) return
      if (this.#line.endsWith('\n') || this.#line.length >= LONGEST_LINE) {
        this.#before = kept(this.#before + this.#line.slice(this.#offset))
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

  #seen(waiting: Waiting): boolean {
    let first: { name: string; match: RegExpExecArray; end: number } | undefined
    for (const [name, pattern] of waiting.signs) {
      pattern.lastIndex = this.#offset
      const match = pattern.exec(this.#line)
      if (match === null) continue
      const end = match.index + match[0].length
      if (first === undefined || end < first.end) first = { name, match, end }
    }
    if (first === undefined) return false
    const { name, match, end } = first
    const before = this.#before + this.#line.slice(this.#offset, match.index)
    this.#before = ''
    this.#offset = end
    waiting.finish({ kind: 'seen', name, match: [...match], before, line: this.#line.slice(0, end) })
    return true
  }
}

const searching = (pattern: RegExp): RegExp =>
  new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}g`)

const kept = (text: string): string => (text.length > 2 * KEPT ? text.slice(-KEPT) : text)

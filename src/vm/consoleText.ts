// Turns the bytes of a serial console into plain lines of text.

/** Where the reader is inside an escape sequence (ECMA-48, section 5.4; xterm's control sequences for OSC). */
type State = 'text' | 'escape' | 'charset' | 'csi' | 'string' | 'string-escape'

/** Starts a string that runs until BEL or ST: DCS, SOS, OSC, PM, APC. */
const STRING_STARTS = new Set(['P', 'X', ']', '^', '_'])

/** Control sequences that move the cursor to another line or clear the screen: text after them starts a line. */
const MOVES = new Set(['A', 'B', 'E', 'F', 'H', 'J', 'd', 'f'])

/** Text without control characters, starting at `lastIndex`. */
const RUN = /\P{Cc}+/uy

/**
 * A streaming decoder of console output. It drops escape sequences and control characters, replaces invalid UTF-8 by
 * U+FFFD, and ends each line with `\n`. A lone carriage return or a cursor movement ends a line that has text, so that
 * overwritten progress does not run together. The text does not depend on how the bytes are cut into chunks.
 */
export class ConsoleText {
  readonly #decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
  #state: State = 'text'
  #returned = false
  #lineHasText = false

  /** Returns the text that these bytes add. */
  push(bytes: Uint8Array): string {
    return this.#clean(this.#decoder.decode(bytes, { stream: true }))
  }

  /** Returns the rest when the stream ends: U+FFFD if its last character is incomplete. */
  end(): string {
    return this.#clean(this.#decoder.decode())
  }

  #clean(raw: string): string {
    let text = ''
    for (let i = 0; i < raw.length;) {
      RUN.lastIndex = i
      const run = this.#state === 'text' ? RUN.exec(raw)?.[0] : undefined
      const char = run ?? raw.charAt(i)
      i += char.length
      switch (this.#state) {
        case 'text':
          if (run !== undefined) text += this.#visible(run)
          else if (char === '\x1b') this.#state = 'escape'
          else text += this.#control(char)
          break
        case 'escape':
          this.#escape(char)
          break
        case 'charset':
          this.#state = char === '\x1b' ? 'escape' : 'text'
          break
        case 'csi':
          text += this.#csi(char)
          break
        case 'string':
          if (char === '\x1b') this.#state = 'string-escape'
          else if (char === '\x07' || char === '\n') this.#state = 'text'
          break
        case 'string-escape':
          if (char === '\\') this.#state = 'text'
          else this.#escape(char)
          break
        default:
          this.#state satisfies never
      }
    }
    return text
  }

  #control(char: string): string {
    if (char === '\t') return this.#visible(char)
    if (char === '\r') this.#returned = true
    if (char !== '\n') return ''
    this.#returned = false
    this.#lineHasText = false
    return '\n'
  }

  #visible(run: string): string {
    const broken = this.#returned && this.#lineHasText
    this.#returned = false
    this.#lineHasText = true
    return broken ? `\n${run}` : run
  }

  #escape(char: string): void {
    if (char === '[') this.#state = 'csi'
    else if (STRING_STARTS.has(char)) this.#state = 'string'
    else if (char >= ' ' && char <= '/') this.#state = 'charset'
    else if (char !== '\x1b') this.#state = 'text'
  }

  #csi(char: string): string {
    if (char === '\x1b') this.#state = 'escape'
    else if (char < ' ') return this.#control(char)
    else if (char > '?') {
      this.#state = 'text'
      if (MOVES.has(char)) this.#returned = true
      // A character that no sequence can contain ends the sequence and is text.
      if (char > '\x9f') return this.#visible(char)
    }
    return ''
  }
}

/** Lines that are overwritten again and again: systemd's job spinner, the countdowns of systemd-boot and EDK II. */
const TRANSIENT = /^\[[ *]{6}\] |^ *Boot in \d+ s\.|^Press ESC in \d+ seconds/

/**
 * Returns readable console text: without trailing blanks, drawn frames and repeated empty lines, and with only the last
 * of each series of overwritten lines.
 */
export function readableText(text: string): string {
  const lines: string[] = []
  for (const raw of text.trim().split('\n')) {
    const line = raw.replace(/\uFFFD{2,}/g, '').trimEnd()
    const last = lines.at(-1)
    if (line === '' && (raw !== '' || last === '')) continue
    if (last !== undefined && TRANSIENT.test(line) && TRANSIENT.test(last)) lines.pop()
    lines.push(line)
  }
  return lines.join('\n')
}

/** Where the reader is inside an escape sequence (ECMA-48, section 5.4; xterm's control sequences for OSC). */
type State = 'text' | 'escape' | 'charset' | 'csi' | 'string' | 'string-escape'

/** Starts a string that runs until BEL or ST: DCS, SOS, OSC, PM, APC. */
const STRING_STARTS = new Set(['P', 'X', ']', '^', '_'])

/** Control sequences that move the cursor to another line or clear the screen: text after them starts a line. */
const MOVES = new Set(['A', 'B', 'E', 'F', 'H', 'J', 'd', 'f'])

/** Text without control characters, from an offset on. */
const RUN = /\P{Cc}+/uy

/**
 * Turns what a machine writes to its serial console into plain lines, byte by byte: escape sequences and control
 * characters are dropped, invalid UTF-8 becomes U+FFFD, and a line ends with `\n`. A carriage return alone, or a move
 * of the cursor, ends a line that has text in it, so that overwritten progress does not run together. However the
 * bytes are cut into chunks, the text is the same.
 */
export class ConsoleText {
  readonly #decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
  #state: State = 'text'
  #returned = false
  #lineHasText = false

  /** The text that these bytes add. */
  push(bytes: Uint8Array): string {
    return this.#clean(this.#decoder.decode(bytes, { stream: true }))
  }

  /** The text that is left when the stream has ended: a character cut in two. */
  end(): string {
    return this.#clean(this.#decoder.decode())
  }

  #clean(raw: string): string {
    let text = ''
    for (let i = 0; i < raw.length;) {
      RUN.lastIndex = i
      const run = this.#state === 'text' ? RUN.exec(raw)?.[0] : undefined
      const char = run ?? raw[i]!
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
      // A character that no sequence may hold ends it and is text of its own.
      if (char > '\x9f') return this.#visible(char)
    }
    return ''
  }
}

/** Lines that are written over again and again: systemd's running jobs, the countdowns of systemd-boot and EDK II. */
const TRANSIENT = /^\[[ *]{6}\] |^ *Boot in \d+ s\.|^Press ESC in \d+ seconds/

/**
 * Console text for a person: no blanks at the ends of lines, no drawn frames, no second empty line in a row, and of
 * lines that are written over only the last.
 */
export function tidy(text: string): string {
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

// A page of the screen of watch, such as the graph: which of its lines are shown, and how keys scroll it.
import { wrapped } from '../render/format.ts'

/** A page, and how many of its folded lines are above the screen. */
export interface Page {
  readonly lines: readonly string[]
  readonly top: number
}

/** The size of a terminal in columns and lines. */
export interface ScreenSize {
  readonly width: number
  readonly height: number
}

/** Below this height, a page has no head, so that at least one of its lines is shown. */
const LEAST_WITH_HEAD = 6

/** Whether a page is shown below the head of the screen. */
export const hasHead = ({ height }: ScreenSize): boolean => height >= LEAST_WITH_HEAD

/** How many lines of a page fit: all but the head, an empty line and the keys. */
const roomOf = (size: ScreenSize): number => Math.max(1, size.height - (hasHead(size) ? 3 : 1))

/** What a page shows on a terminal of one size. */
export interface PageView {
  readonly lines: readonly string[]
  /** Which lines these are, such as `22–42 of 60`; missing if all fit. */
  readonly position?: string
}

/** The lines that fit, from `top` on, or the last ones. Folds lines that are longer than the terminal is wide. */
export function viewOf(page: Page, size: ScreenSize): PageView {
  const all = foldedLines(page, size)
  const room = roomOf(size)
  if (all.length <= room) return { lines: all }
  const top = Math.min(page.top, all.length - room)
  return { lines: all.slice(top, top + room), position: `${top + 1}–${top + room} of ${all.length}` }
}

/** The page after a key; undefined if the key does not scroll. */
export function scrolled(page: Page, key: string, size: ScreenSize): Page | undefined {
  const move = MOVES.get(key)
  if (move === undefined) return undefined
  const room = roomOf(size)
  const last = Math.max(0, foldedLines(page, size).length - room)
  // The terminal may have become larger since the last key.
  const top = move(Math.min(page.top, last), room)
  return { ...page, top: Math.max(0, Math.min(top, last)) }
}

type Move = (top: number, room: number) => number

const UP: Move = (top) => top - 1
const DOWN: Move = (top) => top + 1
const HOME: Move = () => 0
const END: Move = () => Number.POSITIVE_INFINITY

/** By the sequences that terminals send for the cursor keys, Page Up, Page Down, Home and End (xterm, VT220, rxvt). */
const MOVES: ReadonlyMap<string, Move> = new Map([
  ['\u001b[A', UP],
  ['\u001bOA', UP],
  ['\u001b[B', DOWN],
  ['\u001bOB', DOWN],
  ['\u001b[5~', (top, room) => top - room],
  ['\u001b[6~', (top, room) => top + room],
  ['\u001b[H', HOME],
  ['\u001bOH', HOME],
  ['\u001b[1~', HOME],
  ['\u001b[7~', HOME],
  ['\u001b[F', END],
  ['\u001bOF', END],
  ['\u001b[4~', END],
  ['\u001b[8~', END],
])

/** The keys in what a terminal sent at once: it sends several if a key is held down. */
export const keysIn = (sent: string): readonly string[] =>
  // oxlint-disable-next-line no-control-regex -- keys send escape sequences (ECMA-48)
  sent.match(/\u001b\[[0-9;]*[A-Za-z~]|\u001bO[A-Z]|[^]/gu) ?? []

const foldedLines = ({ lines }: Page, { width }: ScreenSize): readonly string[] =>
  lines.flatMap((line) => folded(line, Math.max(1, width)))

/** Breaks a line between words where possible, and indents the second and later lines by two more columns. */
function folded(line: string, width: number): readonly string[] {
  if ([...line].length <= width) return [line]
  const indent = line.length - line.trimStart().length
  return wrapped(line, width, Math.min(indent + 2, Math.floor(width / 2))).flatMap((part) => {
    const characters = [...part]
    return Array.from({ length: Math.max(1, Math.ceil(characters.length / width)) }, (_, at) =>
      characters.slice(at * width, (at + 1) * width).join(''),
    )
  })
}

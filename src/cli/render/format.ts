// Formats moments and lines for text output.
import { stripVTControlCharacters } from 'node:util'

/** How long ago a moment was, both in milliseconds since 1970: `just now`, `3 min ago`, `2026-01-31 12:00 UTC`. */
export function ago(at: number, now: number): string {
  const seconds = (now - at) / 1000
  if (seconds < -1 || !Number.isFinite(seconds) || seconds >= 172_800)
    return Number.isFinite(at)
      ? `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
      : 'some time ago'
  if (seconds < 10) return 'just now'
  if (seconds < 100) return `${Math.round(seconds)} s ago`
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min ago`
  return `${Math.round(seconds / 3_600)} h ago`
}

/** The width of a column with names of artifacts. */
export const NAME_WIDTH = 12

/** A word of a command line, quoted for a POSIX shell if it must be. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./^-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** Breaks a text between words into lines of at most `width`. The second and later lines are indented by `hanging` columns. */
export function wrapped(text: string, width: number, hanging: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(last === undefined ? word : ' '.repeat(hanging) + word)
  }
  return lines
}

/**
 * Cuts a line to a width so that it does not wrap; a line that is cut loses its colors. Counts every character as one
 * column wide.
 */
export function cutLine(line: string, width: number): string {
  const plain = [...stripVTControlCharacters(line)]
  return plain.length <= width ? line : `${plain.slice(0, Math.max(0, width - 1)).join('')}…`
}

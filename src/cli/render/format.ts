import { stripVTControlCharacters, styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Paints text for a stream, where that is a terminal and NO_COLOR does not forbid it. */
export function paint(stream: NodeJS.WriteStream, format: Format, text: string): string {
  return usesColor(stream) ? styleText(format, text, { validateStream: false }) : text
}

/** Whether a stream takes colours: FORCE_COLOR, then NO_COLOR (no-color.org), then whether it is a terminal. */
export function usesColor(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0'
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  return stream.isTTY === true && TERM !== 'dumb'
}

/** A time for people: `0.04 s`, `3.2 s`, `48 s`, `2 min 05 s`. */
export function duration(seconds: number): string {
  if (seconds < 0.995) return `${seconds.toFixed(2)} s`
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

/** How long ago a moment is, both in milliseconds since 1970: `just now`, `3 min ago`, `2026-01-31 12:00 UTC`. */
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

/** A number of bytes for people, in binary units. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const unit = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10))
  return `${(count / 1024 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`
}

/** How wide a column with names of artifacts is. */
export const NAME_WIDTH = 12

/** `1 artifact`, `3 artifacts`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** Text broken between words into lines of a width, the second and later ones indented by this many columns more. */
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
 * A line that does not wrap; where it must be cut its colours go. Characters that are wider than others are not counted
 * as such.
 */
export function cutLine(line: string, width: number): string {
  const plain = [...stripVTControlCharacters(line)]
  return plain.length <= width ? line : `${plain.slice(0, Math.max(0, width - 1)).join('')}…`
}

// Decides whether a stream takes colors, and applies them.
import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Colors a text for a stream, if {@link usesColor} allows it. */
export function paint(stream: NodeJS.WriteStream, format: Format, text: string): string {
  return usesColor(stream) ? styleText(format, text, { validateStream: false }) : text
}

/** Whether a stream takes colors: FORCE_COLOR decides, then NO_COLOR (no-color.org), then whether it is a terminal. */
export function usesColor(stream: NodeJS.WriteStream): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0'
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  return stream.isTTY === true && TERM !== 'dumb'
}

// Removes control characters from text that lbuild did not write itself.
import { stripVTControlCharacters } from 'node:util'

/** A text without control characters and line breaks: texts of a log or of a tool must not move the cursor. */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- this removes control characters
  stripVTControlCharacters(text).replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')

/** The lines of a text, each {@link printable}. */
export const printableLines = (text: string): string[] => text.split('\n').map(printable)

// Paths as the bytes that the kernel has, and their conversion to and from text.

/**
 * A path or name as the kernel has it: bytes, one character for each (`latin1`). File names need not be UTF-8; in this
 * form none is lost, and comparing strings compares bytes. It is not a branded type: paths are put together in some 200
 * template strings, and each of them would need a cast.
 */
export type RawPath = string

/** Encodes text as UTF-8. */
export const toRawPath = (text: string): RawPath =>
  isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')

/** Decodes UTF-8, for messages and arguments; invalid bytes become U+FFFD. */
export const fromRawPath = (bytes: RawPath): string =>
  isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8')

/** A path in the form that node:fs takes. */
export const nativePath = (path: RawPath): string | Buffer =>
  isAscii(path) ? path : Buffer.from(path, 'latin1')

/** Characters that a terminal does not show unchanged: control characters, direction marks, line separators. */
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** The well-formed sequences of UTF-8, as one character per byte (The Unicode Standard, table 3-7). */
const UTF8 =
  // oxlint-disable-next-line no-control-regex -- NUL is well-formed, too
  /((?:[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+)/

/**
 * A name that can be shown on one line. A name with quotes, invalid UTF-8 or invisible characters is quoted, and these
 * are escaped: `"bad\xff"`.
 */
export function display(path: RawPath): string {
  const text = fromRawPath(path)
  if (isUtf8(path) && !text.includes('"') && text.search(INVISIBLE) < 0) return text
  const shown = path.split(UTF8).map((part, at) => (at % 2 === 1 ? escaped(fromRawPath(part)) : hex(part)))
  return `"${shown.join('')}"`
}

const escaped = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const hex = (stray: RawPath): string =>
  [...stray].map((byte) => `\\x${byte.charCodeAt(0).toString(16)}`).join('')

/** Compares by bytes, never by locale. */
export const byBytes = (a: RawPath, b: RawPath): number => (a < b ? -1 : a > b ? 1 : 0)

/** Whether bytes are valid UTF-8, so that {@link fromRawPath} loses nothing. */
export const isUtf8 = (bytes: RawPath): boolean => toRawPath(fromRawPath(bytes)) === bytes

// oxlint-disable-next-line no-control-regex -- the range of ASCII begins at NUL
const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text)

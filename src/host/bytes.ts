/**
 * A path or name as the kernel has it: bytes, held as one character per byte (`latin1`).
 * File names need not be UTF-8; held this way none is lost, and comparing strings compares bytes.
 */
export type Bytes = string

/** The bytes of an ordinary string. */
export const toBytes = (text: string): Bytes =>
  isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')

/** Bytes as text for people and for arguments; what is not UTF-8 becomes U+FFFD. */
export const fromBytes = (bytes: Bytes): string =>
  isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8')

/** Bytes in the form that node:fs takes. */
export const nativePath = (path: Bytes): string | Buffer =>
  isAscii(path) ? path : Buffer.from(path, 'latin1')

/** A name as it can be shown on one line: control characters and stray bytes are escaped. */
export function display(path: Bytes): string {
  const text = fromBytes(path)
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  return /[\u0000-\u001f\u007f\ufffd"]/.test(text) ? JSON.stringify(isUtf8(path) ? text : path) : text
}

/** Orders by bytes, never by locale. */
export const byBytes = (a: Bytes, b: Bytes): number => (a < b ? -1 : a > b ? 1 : 0)

/** Whether bytes are a string's: whether {@link fromBytes} loses nothing. */
export const isUtf8 = (bytes: Bytes): boolean => toBytes(fromBytes(bytes)) === bytes

// oxlint-disable-next-line no-control-regex -- the range of ASCII begins at NUL
const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text)

// JSON files with a checksum, replaced atomically.
import type { RawPath } from './rawPath.ts'
import type { Disk } from './disk.ts'
import { errorCode, parent, replaceFile } from './disk.ts'
import { sha256 } from './digest.ts'

/**
 * Writes a file that starts with the SHA-256 of the rest: a newline, one line of JSON, and any text. A truncated file and
 * one with a flipped byte are never taken for valid.
 */
export function writeChecksummed(disk: Disk, path: RawPath, value: unknown, text = ''): void {
  const json = JSON.stringify(value)
  const body = text === '' ? json : `${json}\n${text}`
  disk.mkdir(parent(path))
  replaceFile(disk, path, `${sha256(body)}\n${body}\n`)
}

/** The content of a checksummed file. */
export interface ChecksummedContent {
  readonly value: unknown
  readonly text: string
}

const NEWLINE = 10

/** Reads a checksummed file. */
export function readChecksummed(disk: Disk, path: RawPath): ChecksummedContent | 'absent' | 'damaged' {
  let content: Buffer
  try {
    content = disk.readFile(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return 'absent'
    if (errorCode(error) === 'EIO' || errorCode(error) === 'EISDIR') return 'damaged'
    throw error
  }
  const body = content.subarray(65, -1)
  const framed = content[64] === NEWLINE && content.at(-1) === NEWLINE
  if (!framed || sha256(body) !== content.toString('latin1', 0, 64)) return 'damaged'
  const newline = body.indexOf(NEWLINE)
  const end = newline < 0 ? body.length : newline
  return { value: JSON.parse(body.toString('utf8', 0, end)), text: body.toString('utf8', end + 1) }
}

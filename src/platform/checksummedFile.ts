// JSON files of the cache: each states its kind and has a checksum, and is replaced atomically.
import type { RawPath } from './rawPath.ts'
import type { Disk } from './disk.ts'
import { errorCode } from './disk.ts'
import { sha256 } from './digest.ts'
import type { Ignored } from './quarantine.ts'
import { replaceCacheFile } from './quarantine.ts'

/** What a file is: a name without blanks, and the version of its format, such as `record 5`. */
export type FileKind = `${string} ${string}`

/**
 * Writes a file whose first line is the SHA-256 of the rest and its kind, followed by one line of JSON and any text. The
 * checksum covers the kind. So a truncated file, one with a flipped byte and one of another kind are never taken for
 * valid. A directory at its path is quarantined and added to `ignored`.
 */
export function writeChecksummed(
  disk: Disk,
  path: RawPath,
  kind: FileKind,
  value: unknown,
  { text = '', ignored = new Set() }: { readonly text?: string; readonly ignored?: Ignored } = {},
): void {
  const json = JSON.stringify(value)
  const rest = `${kind}\n${text === '' ? json : `${json}\n${text}`}\n`
  replaceCacheFile(disk, path, `${sha256(rest)} ${rest}`, ignored)
}

/** The content of a checksummed file. */
export interface ChecksummedContent {
  readonly value: unknown
  readonly text: string
}

const [SPACE, NEWLINE] = [32, 10]

/** The errors of reading a path that is not a regular file, or whose content the disk cannot read. */
const UNREADABLE = ['EIO', 'EISDIR', 'ELOOP', 'ENXIO', 'EAGAIN']

/**
 * Reads a checksummed file. A file of another version of its kind is absent, and so is one that states no kind, which an
 * older lbuild wrote. Everything else that is not such a file is damaged: a file of another kind, a directory, a link, a fifo.
 */
export function readChecksummed(
  disk: Disk,
  path: RawPath,
  kind: FileKind,
): ChecksummedContent | 'absent' | 'damaged' {
  let content: Buffer
  try {
    content = disk.readFile(path, 'untrusted')
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return 'absent'
    if (UNREADABLE.includes(errorCode(error))) return 'damaged'
    throw error
  }
  // Older versions of lbuild wrote a line with the checksum only.
  if (content[64] === NEWLINE && sha256(content.subarray(65, -1)) === checksumIn(content)) return 'absent'
  const rest = content.subarray(65)
  if (content[64] !== SPACE || sha256(rest) !== checksumIn(content)) return 'damaged'
  const [found, afterKind] = lineAt(rest, 0)
  if (found !== kind) return found.split(' ')[0] === kind.split(' ')[0] ? 'absent' : 'damaged'
  const [json, afterJson] = lineAt(rest, afterKind)
  return { value: JSON.parse(json), text: rest.toString('utf8', afterJson, rest.length - 1) }
}

const checksumIn = (content: Buffer): string => content.toString('latin1', 0, 64)

/** The line at an offset, and the offset of the next one. */
function lineAt(bytes: Buffer, start: number): readonly [line: string, next: number] {
  const end = bytes.indexOf(NEWLINE, start)
  return [bytes.toString('utf8', start, end), end + 1]
}

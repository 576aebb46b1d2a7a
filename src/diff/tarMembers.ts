// Reads the members of a tar archive, with the digests of their contents.
import { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import type { Header } from 'tar-stream'
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256Hasher } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'

/** A member of a tar. An extended header takes precedence over the plain one (POSIX.1-2017, pax, "pax Header Block"). */
export interface TarMember {
  readonly name: RawPath
  readonly type: Header['type'] | 'unknown'
  /** Permission bits, setuid, setgid and sticky included. */
  readonly mode: number
  /** `UID:GID` */
  readonly owner: string
  /** `USER:GROUP`, `:` if neither has a name. */
  readonly ownerNames: string
  /** The modification time in seconds since 1970, with fractions as they were written. */
  readonly mtime: string
  /** The size of the content in bytes. */
  readonly size: number
  /** The SHA-256 of the content. */
  readonly digest: Digest
  /** The target of a link; empty for other members. */
  readonly linkTarget: RawPath
  /** `MAJOR:MINOR`, of a device. */
  readonly device?: string
  /** The keywords of the extended header that no other field contains, such as extended attributes. */
  readonly extended: readonly (readonly [keyword: string, value: RawPath])[]
  /** The content, if the caller asked for it. */
  readonly content?: Buffer
}

/** The place of the magic bytes in a header and the bytes (POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar agrees). */
export const TAR_MAGIC = { at: 257, bytes: 'ustar' }

/** An option that the types of tar-stream lack: names need not be UTF-8. */
const NAMES_AS_BYTES: object = { filenameEncoding: 'latin1' }

/**
 * Reads the members of a tar, in order. Memory holds one chunk at a time, and the whole content of members for which
 * `keepsContent` holds. Throws for a file that is no tar or a damaged one.
 */
export async function* tarMembers(
  disk: Disk,
  path: RawPath,
  keepsContent: (name: RawPath) => boolean = () => false,
): AsyncGenerator<TarMember> {
  const reader = extract(NAMES_AS_BYTES)
  const source = Readable.from(chunksOf(disk, path), { objectMode: false })
  source.on('error', (error) => reader.destroy(error))
  source.pipe(reader)
  for await (const entry of reader) {
    const hasher = sha256Hasher()
    const kept: Buffer[] = []
    const keeps = keepsContent(entry.header.name)
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      hasher.update(chunk)
      if (keeps) kept.push(chunk)
    }
    const member = memberOf(entry.header, hasher.digest())
    yield keeps ? { ...member, content: Buffer.concat(kept) } : member
  }
}

function* chunksOf(disk: Disk, path: RawPath): Generator<Buffer> {
  const fd = disk.open(path, 'r')
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(1 << 18)
      const length = disk.read(fd, buffer)
      if (length === 0) return
      yield buffer.subarray(0, length)
    }
  } finally {
    disk.close(fd)
  }
}

/** The keywords of an extended header that a member of {@link TarMember} covers. */
const COVERED = new Set(['path', 'linkpath', 'size', 'mtime', 'uid', 'gid', 'uname', 'gname'])

function memberOf(header: Header, digest: Digest): TarMember {
  const { name, type, size, mode, mtime, linkname, devmajor, devminor } = header
  // tar-stream decodes extended headers as UTF-8, and everything else byte for byte.
  const pax = Object.fromEntries(
    Object.entries(header.pax ?? {}).map(([keyword, value]) => [keyword, toRawPath(String(value))]),
  )
  return {
    name: pax.path ?? name,
    type: type ?? 'unknown',
    mode: mode & 0o7777,
    owner: `${pax.uid ?? header.uid}:${pax.gid ?? header.gid}`,
    ownerNames: `${pax.uname ?? header.uname}:${pax.gname ?? header.gname}`,
    mtime: pax.mtime ?? String(mtime.getTime() / 1000),
    size,
    digest,
    linkTarget: pax.linkpath ?? linkname ?? '',
    ...(type?.endsWith('device') ? { device: `${devmajor}:${devminor}` } : {}),
    extended: Object.entries(pax).filter(([keyword]) => !COVERED.has(keyword)),
  }
}

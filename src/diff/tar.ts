import { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import type { Header } from 'tar-stream'
import type { Bytes } from '../platform/bytes.ts'
import { toBytes } from '../platform/bytes.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256Hasher } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'

/** What of a member can differ. */
export type MemberAspect =
  | 'presence'
  | 'order'
  | 'type'
  | 'content'
  | 'mode'
  | 'owner'
  | 'mtime'
  | 'link target'
  | 'device'
  | 'extended attributes'

/** The first member in which two tars differ, with everything of it that does. */
export interface MemberDifference {
  readonly member: Bytes
  /** For people; where it is not in one of the tars, that one says `absent`. */
  readonly aspects: readonly {
    readonly aspect: MemberAspect
    readonly before: string
    readonly now: string
  }[]
}

/** A member as it is compared. Each aspect is a text that is shown. */
export interface Member {
  readonly name: Bytes
  readonly aspects: Readonly<Partial<Record<MemberAspect, Bytes>>>
}

/** Where a tar says that it is one, and how: POSIX 1003.1, pax, "ustar Interchange Format"; GNU tar agrees. */
const MAGIC_AT = 257
const MAGIC = 'ustar'

/** Whether a file is a tar, by the first header. */
export function isTar(disk: Disk, path: Bytes): boolean {
  const head = Buffer.alloc(MAGIC_AT + MAGIC.length)
  const fd = disk.open(path, 'r')
  try {
    return disk.read(fd, head) === head.length && head.toString('latin1', MAGIC_AT) === MAGIC
  } finally {
    disk.close(fd)
  }
}

/** Compares two tars; undefined where all members are the same, or where one of the two cannot be read as a tar. */
export async function tarDifference(
  disk: Disk,
  before: Bytes,
  now: Bytes,
): Promise<MemberDifference | undefined> {
  if (!isTar(disk, before) || !isTar(disk, now)) return undefined
  try {
    return memberDifference(await membersOf(disk, before), await membersOf(disk, now))
  } catch {
    // What a producer wrote need not be sound. The bytes are compared then.
    return undefined
  }
}

/** The first member in which two lists differ. */
export function memberDifference(
  before: readonly Member[],
  now: readonly Member[],
): MemberDifference | undefined {
  for (let at = 0; at < Math.max(before.length, now.length); at += 1) {
    const [old, young] = [before[at], now[at]]
    if (old?.name !== young?.name) return displaced(before.slice(at), now.slice(at))
    const names = Object.keys({ ...old!.aspects, ...young!.aspects }) as MemberAspect[]
    const aspects = names.flatMap((aspect) => {
      const [was, is] = [old!.aspects[aspect] ?? 'none', young!.aspects[aspect] ?? 'none']
      return was === is ? [] : [{ aspect, before: was, now: is }]
    })
    if (aspects.length > 0) return { member: old!.name, aspects }
  }
  return undefined
}

/** Two lists whose first members are called differently: one of these is missing in the other list, or both moved. */
function displaced(
  [old, ...before]: readonly Member[],
  [young, ...now]: readonly Member[],
): MemberDifference {
  const has = (members: readonly Member[], { name }: Member): boolean =>
    members.some((one) => one.name === name)
  const presence = (member: Member, isNow: boolean): MemberDifference => ({
    member: member.name,
    aspects: [
      { aspect: 'presence', before: isNow ? 'absent' : 'present', now: isNow ? 'present' : 'absent' },
    ],
  })
  if (old && !has(now, old)) return presence(old, false)
  if (young && !has(before, young)) return presence(young, true)
  const [first, second] = [old!.name, young!.name]
  return { member: first, aspects: [{ aspect: 'order', before: first, now: second }] }
}

/** An option that is not in the library's types: names need not be UTF-8. */
const NAMES_AS_BYTES: object = { filenameEncoding: 'latin1' }

async function membersOf(disk: Disk, path: Bytes): Promise<readonly Member[]> {
  const members: Member[] = []
  const reader = extract(NAMES_AS_BYTES)
  const source = Readable.from(chunks(disk, path), { objectMode: false })
  source.on('error', (error) => reader.destroy(error))
  source.pipe(reader as unknown as NodeJS.WritableStream)
  for await (const entry of reader) {
    const hasher = sha256Hasher()
    for await (const chunk of entry) hasher.update(chunk as Uint8Array)
    members.push(memberOf(entry.header, hasher.digest()))
  }
  return members
}

function* chunks(disk: Disk, path: Bytes): Generator<Buffer> {
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

/** Keywords of an extended header that another aspect already tells. */
const TOLD = ['path', 'linkpath', 'size', 'mtime', 'uid', 'gid', 'uname', 'gname']

function memberOf(header: Header, digest: Digest): Member {
  const { name, type, size, mode, mtime, linkname, devmajor, devminor } = header
  // What stands in an extended header was read as UTF-8, everything else byte for byte.
  const pax = Object.fromEntries(
    Object.entries((header.pax ?? {}) as Record<string, string>).map(([key, value]) => [key, toBytes(value)]),
  )
  const extended = Object.entries(pax).filter(([key]) => !TOLD.includes(key))
  const owner = `${pax.uid ?? header.uid}:${pax.gid ?? header.gid}`
  const names = `${pax.uname ?? header.uname}:${pax.gname ?? header.gname}`
  const link = pax.linkpath ?? (linkname as string | null) ?? ''
  return {
    name: pax.path ?? name,
    aspects: {
      type: (type as string | null) ?? 'unknown',
      ...(type === 'file' || size > 0 ? { content: `${size} bytes, sha256 ${digest}` } : {}),
      mode: (mode & 0o7777).toString(8).padStart(4, '0'),
      owner: names === ':' ? owner : `${owner} (${names})`,
      mtime: pax.mtime ?? String(mtime.getTime() / 1000),
      ...(link === '' ? {} : { 'link target': link }),
      ...((type as string | null)?.endsWith('device') ? { device: `${devmajor}:${devminor}` } : {}),
      ...(extended.length === 0
        ? {}
        : { 'extended attributes': extended.map((pair) => pair.join('=')).join(' ') }),
    },
  }
}

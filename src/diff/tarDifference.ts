// Finds the first member in which two tar archives differ.
import type { RawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import type { TarMember } from './tarMembers.ts'
import { TAR_MAGIC, tarMembers } from './tarMembers.ts'

/** A property of a member that can differ. */
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

/** The first member in which two tars differ, with each of its aspects that does. */
export interface MemberDifference {
  readonly member: RawPath
  /** As text to show. For a member that one tar lacks, the aspect is `presence` with `present` and `absent`. */
  readonly aspects: readonly {
    readonly aspect: MemberAspect
    readonly before: string
    readonly now: string
  }[]
}

/** A member in the form in which two are compared: each aspect is a text to show. */
export interface ComparedMember {
  readonly name: RawPath
  readonly aspects: Readonly<Partial<Record<MemberAspect, RawPath>>>
}

/**
 * Compares two tars. Undefined if all members are the same, or if one of the two files is no readable tar: the caller
 * compares bytes then.
 */
export async function tarDifference(
  disk: Disk,
  before: RawPath,
  now: RawPath,
): Promise<MemberDifference | undefined> {
  if (!isTar(disk, before) || !isTar(disk, now)) return undefined
  try {
    return memberDifference(await comparedMembers(disk, before), await comparedMembers(disk, now))
  } catch {
    // A producer may write a damaged tar.
    return undefined
  }
}

/** Whether a file is a tar, by its first header. */
function isTar(disk: Disk, path: RawPath): boolean {
  const head = Buffer.alloc(TAR_MAGIC.at + TAR_MAGIC.bytes.length)
  const fd = disk.open(path, 'r')
  try {
    return disk.read(fd, head) === head.length && head.toString('latin1', TAR_MAGIC.at) === TAR_MAGIC.bytes
  } finally {
    disk.close(fd)
  }
}

/** The first member in which two lists differ. Pure. */
export function memberDifference(
  before: readonly ComparedMember[],
  now: readonly ComparedMember[],
): MemberDifference | undefined {
  for (const [at, old] of before.entries()) {
    const current = now[at]
    if (old.name !== current?.name) return displacement(before.slice(at), now.slice(at))
    const aspects = aspectDifferences(old, current)
    if (aspects.length > 0) return { member: old.name, aspects }
  }
  return displacement([], now.slice(before.length))
}

function aspectDifferences(
  { aspects: before }: ComparedMember,
  { aspects: now }: ComparedMember,
): MemberDifference['aspects'] {
  return ASPECTS.flatMap((aspect) => {
    const [was, is] = [before[aspect] ?? 'none', now[aspect] ?? 'none']
    return was === is ? [] : [{ aspect, before: was, now: is }]
  })
}

/** The aspects that a member can have, in the order in which they are shown. */
const ASPECTS = [
  'type',
  'content',
  'mode',
  'owner',
  'mtime',
  'link target',
  'device',
  'extended attributes',
] as const satisfies readonly MemberAspect[]

/** Compares two lists whose first members have different names: one list lacks a member, or both moved. */
function displacement(
  [old, ...before]: readonly ComparedMember[],
  [current, ...now]: readonly ComparedMember[],
): MemberDifference | undefined {
  const has = (members: readonly ComparedMember[], { name }: ComparedMember): boolean =>
    members.some((one) => one.name === name)
  if (old && !has(now, old))
    return { member: old.name, aspects: [{ aspect: 'presence', before: 'present', now: 'absent' }] }
  if (current && !has(before, current))
    return { member: current.name, aspects: [{ aspect: 'presence', before: 'absent', now: 'present' }] }
  if (!old || !current) return undefined
  return { member: old.name, aspects: [{ aspect: 'order', before: old.name, now: current.name }] }
}

async function comparedMembers(disk: Disk, path: RawPath): Promise<readonly ComparedMember[]> {
  const members: ComparedMember[] = []
  for await (const member of tarMembers(disk, path)) members.push(compared(member))
  return members
}

function compared({
  name,
  type,
  size,
  digest,
  mode,
  owner,
  ownerNames,
  mtime,
  linkTarget,
  device,
  extended,
}: TarMember): ComparedMember {
  return {
    name,
    aspects: {
      type,
      ...(type === 'file' || size > 0 ? { content: `${size} bytes, sha256 ${digest}` } : {}),
      mode: mode.toString(8).padStart(4, '0'),
      owner: ownerNames === ':' ? owner : `${owner} (${ownerNames})`,
      mtime,
      ...(linkTarget === '' ? {} : { 'link target': linkTarget }),
      ...(device === undefined ? {} : { device }),
      ...(extended.length === 0
        ? {}
        : { 'extended attributes': extended.map((pair) => pair.join('=')).join(' ') }),
    },
  }
}

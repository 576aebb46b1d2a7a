import { createHash } from 'node:crypto'
import type { Bytes } from '../host/bytes.ts'
import { byBytes, display } from '../host/bytes.ts'
import type { Disk, Stat } from '../host/disk.ts'
import { errorCode } from '../host/disk.ts'
import { Failure } from '../host/failure.ts'
import type { Digest } from '../host/digest.ts'
import { sha256 } from '../host/digest.ts'
import type { FileEntry, StatIndex } from './statIndex.ts'
import { isRacy, signatureOf } from './statIndex.ts'

/**
 * One entry of a tree. `path` is relative to the tree's root, which itself is the entry ''.
 * Of a file's mode only the executable bit counts, as in git: the others follow the umask of whoever checked it out,
 * and a producer sees every file as 0644 or 0755.
 */
export type TreeItem =
  | readonly [path: Bytes, type: 'directory']
  | readonly [path: Bytes, type: 'file' | 'executable', digest: Digest]
  | readonly [path: Bytes, type: 'symlink', target: Bytes]

/** A tree's items, in the order of their bytes. */
export type Listing = readonly TreeItem[]

export interface Tree {
  /** The SHA-256 of the serialized listing, under which the store keeps it. */
  readonly digest: Digest
  /**
   * All items, read when first asked for, since an unmoved tree needs none. Who relies on them must compare them with
   * the digest: the tree may have moved in between.
   */
  listing(): Promise<Listing>
}

interface Found {
  readonly path: Bytes
  readonly stat: Stat
}

/** A listing as it is kept and hashed: one JSON array a line, so that no name can pass for another entry. */
export const serializeListing = (listing: Listing): string =>
  listing.map((item) => JSON.stringify(item)).join('\n')

/** Reads back what {@link serializeListing} wrote. */
export const parseListing = (text: string): Listing =>
  text.split('\n').map((line) => JSON.parse(line) as TreeItem)

/** Whether a file counts as executable: by its owner's bit. */
export const isExecutable = (stat: Stat): boolean => (stat.mode & 0o100) !== 0

/**
 * Fingerprints a directory with all that is below it. Nothing is followed; what is neither file, directory nor
 * symbolic link is an error, and so is what cannot be read (both exit code 2).
 */
export async function fingerprintTree(
  disk: Disk,
  index: StatIndex,
  root: Bytes,
  now: () => bigint,
): Promise<Tree> {
  const walkedAt = now()
  const found = walk(disk, root)
  const states = hashStates(found)
  const known = index.tree(root)
  let listed: Promise<Listing> | undefined
  const listing = (): Promise<Listing> => (listed ??= list(disk, index, root, found))
  if (known?.states === states) return { digest: known.digest, listing }
  const items = await list(disk, index, root, found)
  const digest = sha256(serializeListing(items))
  index.setTree(root, found.some(({ stat }) => isRacy(stat, walkedAt)) ? undefined : { states, digest })
  return { digest, listing: () => Promise.resolve(items) }
}

function walk(disk: Disk, root: Bytes): Found[] {
  const found: Found[] = []
  const visit = (path: Bytes): void => {
    const absolute = path === '' ? root : `${root}/${path}`
    const stat = state(disk, absolute)
    if (!stat) return
    if (stat.type === 'other')
      throw new Failure(`cannot take ${display(absolute)} as an input: it is a socket, a pipe or a device`, {
        hint: 'a tree may hold files, directories and symbolic links',
        exitCode: 2,
      })
    found.push({ path, stat })
    if (stat.type !== 'directory') return
    for (const name of readdir(disk, absolute)) visit(path === '' ? name : `${path}/${name}`)
  }
  visit('')
  return found.sort((a, b) => byBytes(a.path, b.path))
}

function readdir(disk: Disk, path: Bytes): Bytes[] {
  try {
    return disk.readdir(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** The state of an input's path; undefined where nothing is. */
export function state(disk: Disk, path: Bytes): Stat | undefined {
  try {
    return disk.lstat(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** The error for an input that is there and cannot be read. */
export function unreadable(path: Bytes, error: unknown): unknown {
  if (!['EACCES', 'EPERM', 'EIO'].includes(errorCode(error))) return error
  return new Failure(`cannot read the input ${display(path)}`, {
    facts: [['reason', errorCode(error)]],
    hint: 'check its permissions, or declare it no longer',
    exitCode: 2,
    cause: error,
  })
}

function hashStates(found: readonly Found[]): Digest {
  const hash = createHash('sha256')
  for (const { path, stat } of found)
    hash.update(`${path.length}:${path} ${stat.type} ${stat.mode} ${signatureOf(stat)}\n`, 'latin1')
  return hash.digest('hex')
}

async function list(disk: Disk, index: StatIndex, root: Bytes, found: readonly Found[]): Promise<Listing> {
  const known = index.table(root)
  const table = new Map<Bytes, FileEntry>()
  const items: TreeItem[] = []
  for (const { path, stat } of found) {
    const absolute = path === '' ? root : `${root}/${path}`
    if (stat.type === 'directory') items.push([path, 'directory'])
    else if (stat.type === 'symlink') items.push([path, 'symlink', disk.readlink(absolute)])
    else {
      let entry = known.get(path)
      if (entry?.[0] !== signatureOf(stat)) {
        try {
          entry = await index.read(absolute, stat, entry)
        } catch (error) {
          throw unreadable(absolute, error)
        }
      }
      table.set(path, entry)
      items.push([path, isExecutable(stat) ? 'executable' : 'file', entry[1]])
    }
  }
  if (table.size !== known.size || [...table].some(([path, entry]) => known.get(path) !== entry))
    index.setTable(root, table)
  return items
}

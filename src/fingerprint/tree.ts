import { createHash } from 'node:crypto'
import type { Bytes } from '../host/bytes.ts'
import { byBytes, display } from '../host/bytes.ts'
import type { Disk, Stat } from '../host/disk.ts'
import { errorCode } from '../host/disk.ts'
import { Failure } from '../host/failure.ts'
import type { Digest } from '../host/digest.ts'
import { sha256 } from '../host/digest.ts'
import type { StatIndex, Table } from './statIndex.ts'
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
   * The lines of the serialized listing, made when first asked for, since an unmoved tree needs none. Who relies on them
   * must compare them with the digest: the tree may have moved in between.
   */
  lines(): Promise<readonly string[]>
}

interface Found {
  readonly path: Bytes
  readonly stat: Stat
  readonly signature: string
}

/** A listing as it is kept and hashed: one JSON array a line, so that no name can pass for another entry. */
export const serializeListing = (listing: Listing): string => listing.map(lineOf).join('\n')

/** One item as a line; most names need no escapes, and those lines are put together without looking at each character. */
function lineOf(item: TreeItem): string {
  const [path, type, value] = item
  const plain = PLAIN.test(path) && (type !== 'symlink' || PLAIN.test(value!))
  if (!plain) return JSON.stringify(item)
  return value === undefined ? `["${path}","${type}"]` : `["${path}","${type}","${value}"]`
}

/** Characters that JSON writes as they are. */
const PLAIN = /^[ !#-[\]-~]*$/

/** Reads back the lines of what {@link serializeListing} wrote. */
export const parseLines = (lines: readonly string[]): Listing =>
  lines.map((line) => JSON.parse(line) as TreeItem)

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
  for (let attempt = 1; ; attempt += 1)
    try {
      return await fingerprintOnce(disk, index, root, now)
    } catch (error) {
      // Something went away between the walk and the reading.
      if (!isGone(error) || attempt === WALKS) throw error
    }
}

/** How often a tree is walked that loses files meanwhile. */
const WALKS = 5

const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error))

/** The lines of a tree's listing, or undefined where the tree has moved meanwhile so that they cannot be made. */
export async function linesOf(tree: Tree | undefined): Promise<readonly string[] | undefined> {
  try {
    return await tree?.lines()
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function fingerprintOnce(disk: Disk, index: StatIndex, root: Bytes, now: () => bigint): Promise<Tree> {
  const walkedAt = now()
  const found = walk(disk, root)
  const states = hashStates(found)
  const known = index.tree(root)
  let made: Promise<readonly string[]> | undefined
  const lines = (): Promise<readonly string[]> => (made ??= list(disk, index, root, found))
  if (known?.states === states) return { digest: known.digest, lines }
  const digest = sha256((await lines()).join('\n'))
  index.setTree(root, found.some(({ stat }) => isRacy(stat, walkedAt)) ? undefined : { states, digest })
  return { digest, lines }
}

function walk(disk: Disk, root: Bytes): Found[] {
  const found: Found[] = []
  const visit = (path: Bytes): void => {
    const absolute = inside(root, path)
    const stat = state(disk, absolute)
    if (!stat) return
    if (stat.type === 'other')
      throw new Failure(`cannot take ${display(absolute)} as an input: it is a socket, a pipe or a device`, {
        hint: 'a tree may hold files, directories and symbolic links',
        exitCode: 2,
      })
    found.push({ path, stat, signature: signatureOf(stat) })
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
  for (const { path, stat, signature } of found)
    hash.update(`${path.length}:${path} ${stat.type} ${stat.mode} ${signature}\n`, 'latin1')
  return hash.digest('hex')
}

/** The lines of the listing of what was found; what moved since it was read last is read. */
async function list(
  disk: Disk,
  index: StatIndex,
  root: Bytes,
  found: readonly Found[],
): Promise<readonly string[]> {
  const known = index.table(root)
  const table: Table[number][] = []
  const lines: string[] = []
  let same = true
  let at = 0
  for (const { path, stat, signature } of found) {
    if (stat.type === 'directory') lines.push(lineOf([path, 'directory']))
    else if (stat.type === 'symlink') lines.push(lineOf([path, 'symlink', disk.readlink(inside(root, path))]))
    else {
      while (at < known.length && known[at]![0] < path) at += 1
      const before = known[at]?.[0] === path ? known[at] : undefined
      let row = before
      if (row?.[1] !== signature) {
        try {
          row = [
            path,
            ...(await index.read(inside(root, path), stat, before && [before[1], before[2], before[3]])),
          ]
        } catch (error) {
          throw unreadable(inside(root, path), error)
        }
        same = false
      }
      table.push(row)
      lines.push(lineOf([path, isExecutable(stat) ? 'executable' : 'file', row[2]]))
    }
  }
  if (!same || table.length !== known.length) index.setTable(root, table)
  return lines
}

const inside = (root: Bytes, path: Bytes): Bytes => (path === '' ? root : `${root}/${path}`)

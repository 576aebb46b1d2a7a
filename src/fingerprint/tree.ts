import type { Bytes } from '../platform/bytes.ts'
import { byBytes, display } from '../platform/bytes.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import type { DirectoryEntry, FileEntry, StatIndex } from './statIndex.ts'
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

/**
 * A tree's items, directory by directory in the order of the bytes of their paths: each directory, and then what lies in
 * it and is none, by name.
 */
export type Listing = readonly TreeItem[]

export interface Tree {
  /** The SHA-256 of the serialized listing, under which the store keeps it. */
  readonly digest: Digest
  /**
   * The serialized listing, made when first asked for, since an unmoved tree needs none. Who relies on it must compare it
   * with the digest: the tree may have moved in between.
   */
  listing(): Promise<string>
}

/** One entry that is no directory. */
interface Found {
  readonly name: Bytes
  readonly stat: Stat
  readonly signature: string
}

/** One directory as it was found. */
interface FoundDirectory {
  readonly path: Bytes
  readonly entries: readonly Found[]
  /** A hash over the states of the entries. */
  readonly states: Digest
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

/** Reads back what {@link serializeListing} wrote. */
export const parseListing = (text: string): Listing => text.split('\n').map(parseLine)

/** Reads back one line of it. */
export const parseLine = (line: string): TreeItem => JSON.parse(line) as TreeItem

/** Whether an item is a file, executable or not. */
export const isFile = (item: TreeItem): item is FileItem => item[1] === 'file' || item[1] === 'executable'

type FileItem = Extract<TreeItem, { 1: 'file' | 'executable' }>

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

/** A tree's listing, or undefined where the tree has moved meanwhile so that it cannot be made. */
export async function listingIfThere(tree: Tree | undefined): Promise<string | undefined> {
  try {
    return await tree?.listing()
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function fingerprintOnce(disk: Disk, index: StatIndex, root: Bytes, now: () => bigint): Promise<Tree> {
  const walkedAt = now()
  const found = walk(disk, root)
  const states = hashAll(found.map(({ path, states: own }) => `${path.length}:${path} ${own}\n`))
  const known = index.tree(root)
  let made: Promise<string> | undefined
  const listing = (): Promise<string> => (made ??= list(disk, index, root, found, walkedAt))
  if (known?.states === states) return { digest: known.digest, listing }
  const digest = sha256(await listing())
  index.setTree(
    root,
    found.some((directory) => isYoung(directory, walkedAt)) ? undefined : { states, digest },
  )
  return { digest, listing }
}

/** Whether something in a directory may change again without its state showing it. */
const isYoung = ({ entries }: FoundDirectory, walkedAt: bigint): boolean =>
  entries.some(({ stat }) => isRacy(stat, walkedAt))

/** The directories of a tree, in the order of the bytes of their paths. */
function walk(disk: Disk, root: Bytes): readonly FoundDirectory[] {
  const found: FoundDirectory[] = []
  const visit = (path: Bytes): void => {
    const entries: Found[] = []
    for (const name of readdir(disk, inside(root, path)).sort(byBytes)) {
      const at = path === '' ? name : `${path}/${name}`
      const stat = state(disk, inside(root, at))
      if (stat?.type === 'directory') visit(at)
      else if (stat?.type === 'other') throw notAFile(inside(root, at))
      else if (stat) entries.push({ name, stat, signature: signatureOf(stat) })
    }
    const states = entries.map(
      ({ name, stat, signature }) => `${name.length}:${name} ${stat.type} ${stat.mode} ${signature}\n`,
    )
    found.push({ path, entries, states: hashAll(states) })
  }
  visit('')
  return found.sort((a, b) => byBytes(a.path, b.path))
}

const notAFile = (path: Bytes): Failure =>
  new Failure(`cannot take ${display(path)} as an input: it is a socket, a pipe or a device`, {
    hint: 'a tree may hold files, directories and symbolic links',
    exitCode: 2,
  })

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

const hashAll = (lines: readonly string[]): Digest => sha256(lines.join(''), 'latin1')

/** The listing of what was found; only directories in which something moved since are looked into. */
async function list(
  disk: Disk,
  index: StatIndex,
  root: Bytes,
  found: readonly FoundDirectory[],
  walkedAt: bigint,
): Promise<string> {
  const known = index.table(root)
  const table = new Map<Bytes, DirectoryEntry>()
  let same = known.size === found.length
  for (const directory of found) {
    const { path, states } = directory
    let entry = known.get(path)
    if (entry?.states !== states) {
      entry = {
        ...(await listDirectory(disk, index, inside(root, path), directory, entry)),
        states: isYoung(directory, walkedAt) ? '' : states,
      }
      same = false
    }
    table.set(path, entry)
  }
  if (!same) index.setTable(root, table)
  return [...table.values()].map(({ listing }) => listing).join('\n')
}

/** Lists one directory; of its files those are read whose state moved. */
async function listDirectory(
  disk: Disk,
  index: StatIndex,
  at: Bytes,
  { path, entries }: FoundDirectory,
  known: DirectoryEntry | undefined,
): Promise<Omit<DirectoryEntry, 'states'>> {
  const before = filesOf(known)
  const items: TreeItem[] = [[path, 'directory']]
  const files: string[] = []
  for (const { name, stat, signature } of entries) {
    const absolute = `${at}/${name}`
    const item = path === '' ? name : `${path}/${name}`
    if (stat.type === 'symlink') {
      items.push([item, 'symlink', disk.readlink(absolute)])
      continue
    }
    let file = before.get(item)
    if (file?.[0] !== signature)
      try {
        file = await index.read(absolute, stat, file)
      } catch (error) {
        throw unreadable(absolute, error)
      }
    items.push([item, isExecutable(stat) ? 'executable' : 'file', file[1]])
    files.push(`${file[0]} ${file[2]}`)
  }
  return { listing: serializeListing(items), files: files.join('\n') }
}

/** What the index remembers of the files of one directory, by their paths in the tree. */
function filesOf(known: DirectoryEntry | undefined): ReadonlyMap<Bytes, FileEntry> {
  const lines = known?.files.split('\n')
  const files = known ? parseListing(known.listing).filter(isFile) : []
  return new Map(
    files.map(([path, , digest], at): [Bytes, FileEntry] => {
      const [signature, quick] = lines![at]!.split(' ')
      return [path, [signature!, digest, quick!]]
    }),
  )
}

const inside = (root: Bytes, path: Bytes): Bytes => (path === '' ? root : `${root}/${path}`)

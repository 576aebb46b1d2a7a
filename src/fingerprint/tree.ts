// Fingerprints trees: a digest over a listing of all entries.
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes, display } from '../platform/rawPath.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import { isRacy, signatureOf } from './fileState.ts'
import type { DirectoryEntry, FileEntry, StatIndex } from './statIndex.ts'

/**
 * One entry of a tree. `path` is relative to the tree's root, which is the entry ''. Only the executable bit of a file's
 * mode counts, as in git: the other bits follow the umask of a checkout, and a producer sees 0644 or 0755.
 */
export type TreeItem =
  | readonly [path: RawPath, type: 'directory']
  | readonly [path: RawPath, type: 'file' | 'executable', digest: Digest]
  | readonly [path: RawPath, type: 'symlink', target: RawPath]

/** The items of a tree: directories sorted by bytes, each followed by its other entries sorted by name. */
export type Listing = readonly TreeItem[]

/** The fingerprint of a tree. */
export interface Tree {
  /** A hash over the states on disk of everything in it. */
  readonly states: Digest
  /** The SHA-256 of the serialized listing, under which the store keeps it. */
  readonly digest: Digest
  /**
   * The serialized listing, computed on the first call. The tree may have changed since `digest` was taken, so the caller
   * must compare the SHA-256 of the listing with it.
   */
  listing(): Promise<string>
}

/** One entry that is not a directory. */
interface ScannedEntry {
  readonly name: RawPath
  readonly stat: Stat
  readonly signature: string
}

/** One directory as the walk found it. */
interface ScannedDirectory {
  readonly path: RawPath
  readonly entries: readonly ScannedEntry[]
  /** A hash over the states of the entries. */
  readonly states: Digest
}

/** A listing as it is stored and hashed: one JSON array per line, so that no name can imitate another entry. */
export const serializeListing = (listing: Listing): string => listing.map(lineOf).join('\n')

/** One item as a line. Names without escapes, nearly all, are not passed to the slower JSON.stringify. */
function lineOf(item: TreeItem): string {
  const [path, type, value] = item
  if (!PLAIN.test(path) || (item[1] === 'symlink' && !PLAIN.test(item[2]))) return JSON.stringify(item)
  return value === undefined ? `["${path}","${type}"]` : `["${path}","${type}","${value}"]`
}

/** Texts that JSON writes without escapes. */
const PLAIN = /^[ !#-[\]-~]*$/

/** The inverse of {@link serializeListing}. */
export const parseListing = (text: string): Listing => text.split('\n').map(parseLine)

/** Parses one line of a listing, which is trusted since its digest was compared. */
export const parseLine = (line: string): TreeItem => JSON.parse(line) as TreeItem

/** Whether an item is a file. */
export const isFile = (item: TreeItem): item is FileItem => item[1] === 'file' || item[1] === 'executable'

type FileItem = Extract<TreeItem, { 1: 'file' | 'executable' }>

/** Whether a file counts as executable, which means that its owner's bit is set. */
export const isExecutable = (stat: Stat): boolean => (stat.mode & 0o100) !== 0

/**
 * Fingerprints a directory and everything below it, without following links. Throws a Failure (exit code 2) for an
 * unreadable entry and for one that is not a file, directory or symbolic link.
 */
export async function fingerprintTree(
  disk: Disk,
  index: StatIndex,
  root: RawPath,
  now: () => bigint,
): Promise<Tree> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await fingerprintOnce(disk, index, root, now)
    } catch (error) {
      // An entry was removed between the walk and the reading.
      if (!isGone(error) || attempt === WALKS) throw error
    }
}

/** The maximum number of attempts to fingerprint a tree from which another process removes files. */
const WALKS = 5

const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error))

/** The listing of a tree or tool; undefined if entries were removed since the walk. */
export async function listingIfThere(tree: Pick<Tree, 'listing'> | undefined): Promise<string | undefined> {
  try {
    return await tree?.listing()
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

async function fingerprintOnce(
  disk: Disk,
  index: StatIndex,
  root: RawPath,
  now: () => bigint,
): Promise<Tree> {
  const walkedAt = now()
  const found = walk(disk, root)
  const states = hashAll(found.map(({ path, states: own }) => `${path.length}:${path} ${own}\n`))
  const known = index.tree(root)
  let made: Promise<string> | undefined
  const listing = (): Promise<string> => (made ??= list(disk, index, root, found, walkedAt))
  if (known?.states === states) return { states, digest: known.digest, listing }
  const digest = sha256(await listing())
  index.setTree(
    root,
    found.some((directory) => isYoung(disk, root, directory, walkedAt)) ? undefined : { states, digest },
  )
  return { states, digest, listing }
}

/** Whether an entry of a directory may change again without a change of its state. */
function isYoung(disk: Disk, root: RawPath, { path, entries }: ScannedDirectory, walkedAt: bigint): boolean {
  const at = inside(root, path)
  return entries.some(({ name, stat }) => isRacy(disk, `${at}/${name}`, stat, walkedAt))
}

/** The directories of a tree, sorted by bytes. */
function walk(disk: Disk, root: RawPath): readonly ScannedDirectory[] {
  const found: ScannedDirectory[] = []
  const visit = (path: RawPath): void => {
    const entries: ScannedEntry[] = []
    for (const name of readdir(disk, inside(root, path)).sort(byBytes)) {
      const at = path === '' ? name : `${path}/${name}`
      const stat = statOf(disk, inside(root, at))
      if (stat?.type === 'directory') visit(at)
      else if (stat?.type === 'special file') throw notAFile(inside(root, at))
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

const notAFile = (path: RawPath): Failure =>
  new Failure(`the input ${display(path)} is a socket, a pipe or a device`, {
    hint: 'remove it: a tree may contain only files, directories and symbolic links',
    exitCode: 2,
  })

function readdir(disk: Disk, path: RawPath): RawPath[] {
  try {
    return disk.readdir(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** The state of an input's path; undefined if nothing exists there. */
export function statOf(disk: Disk, path: RawPath): Stat | undefined {
  try {
    return disk.lstat(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** The error for an input that exists but cannot be read. */
export function unreadable(path: RawPath, error: unknown): unknown {
  if (!['EACCES', 'EPERM', 'EIO'].includes(errorCode(error))) return error
  return new Failure(`cannot read the input ${display(path)}`, {
    facts: [['reason', errorCode(error)]],
    hint: 'check its permissions, or remove it from the declaration',
    exitCode: 2,
    cause: error,
  })
}

const hashAll = (lines: readonly string[]): Digest => sha256(lines.join(''), 'latin1')

/** The listing of a walk; reads only directories in which a state changed. */
async function list(
  disk: Disk,
  index: StatIndex,
  root: RawPath,
  found: readonly ScannedDirectory[],
  walkedAt: bigint,
): Promise<string> {
  const known = index.table(root)
  const table = new Map<RawPath, DirectoryEntry>()
  let same = known.size === found.length
  for (const directory of found) {
    const { path, states } = directory
    let entry = known.get(path)
    if (entry?.states !== states) {
      entry = {
        ...(await listDirectory(disk, index, inside(root, path), directory, entry)),
        states: isYoung(disk, root, directory, walkedAt) ? '' : states,
      }
      same = false
    }
    table.set(path, entry)
  }
  if (!same) index.setTable(root, table)
  return [...table.values()].map(({ listing }) => listing).join('\n')
}

/** Lists one directory; reads only the files whose state changed. */
async function listDirectory(
  disk: Disk,
  index: StatIndex,
  at: RawPath,
  { path, entries }: ScannedDirectory,
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
        file = index.read(absolute, stat)
      } catch (error) {
        throw unreadable(absolute, error)
      }
    items.push([item, isExecutable(stat) ? 'executable' : 'file', file[1]])
    files.push(file[0])
  }
  return { listing: serializeListing(items), files: files.join('\n') }
}

/** The index entries of the files of one directory, by their paths in the tree. */
function filesOf(known: DirectoryEntry | undefined): ReadonlyMap<RawPath, FileEntry> {
  const lines = known?.files.split('\n')
  const files = known ? parseListing(known.listing).filter(isFile) : []
  return new Map(
    files.map(([path, , digest], at): [RawPath, FileEntry] => [path, [lines?.[at] ?? '', digest]]),
  )
}

const inside = (root: RawPath, path: RawPath): RawPath => (path === '' ? root : `${root}/${path}`)

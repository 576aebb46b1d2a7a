// Fingerprints trees: a digest over a listing of all entries.
import type { RawPath } from '../platform/rawPath.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import type { Exclusion } from './exclusionState.ts'
import { scanTree, statesOf } from './exclusionState.ts'
import type { DirectoryEntry, FileEntry, StatIndex } from './statIndex.ts'
import type { ScannedDirectory } from './treeWalk.ts'
import { inside, isYoung, unreadable, walk } from './treeWalk.ts'

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

/** Where a tree is, and what it leaves out: nothing unless `exclusion` is given. */
interface Place {
  readonly root: RawPath
  readonly exclusion?: Exclusion
}

/** The id of a tree in the index: two declarations of one directory may leave out other entries. */
const indexId = ({ root, exclusion }: Place): RawPath =>
  exclusion === undefined ? root : `${root} ${JSON.stringify([exclusion.exclude, exclusion.gitignore])}`

/**
 * Fingerprints a directory and everything below it, without following links. Throws a Failure (exit code 2) for an
 * unreadable entry and for one that is not a file, directory or symbolic link.
 */
export async function fingerprintTree(
  disk: Disk,
  index: StatIndex,
  root: RawPath,
  now: () => bigint,
  exclusion?: Exclusion,
): Promise<Tree> {
  const place = { root, ...(exclusion ? { exclusion } : {}) }
  for (let attempt = 1; ; attempt += 1)
    try {
      return await fingerprintOnce(disk, index, place, now)
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

async function fingerprintOnce(disk: Disk, index: StatIndex, place: Place, now: () => bigint): Promise<Tree> {
  const { root, exclusion: excluding } = place
  const id = indexId(place)
  const walkedAt = now()
  const known = index.tree(id)
  const scan = excluding ? await scanTree(disk, index, root, excluding, known) : { found: walk(disk, root) }
  const { found, exclusion } = scan
  const states = statesOf(found)
  let made: Promise<string> | undefined
  const listing = (): Promise<string> => (made ??= list(disk, index, place, found, walkedAt))
  const isSame = known?.states === states
  if (isSame && known.exclusion === exclusion) return { states, digest: known.digest, listing }
  const digest = isSame ? known.digest : sha256(await listing())
  index.setTree(
    id,
    found.some((directory) => isYoung(disk, root, directory, walkedAt))
      ? undefined
      : { states, digest, ...(exclusion ? { exclusion } : {}) },
  )
  return { states, digest, listing }
}

/** The listing of a walk; reads only directories in which a state changed. */
async function list(
  disk: Disk,
  index: StatIndex,
  place: Place,
  found: readonly ScannedDirectory[],
  walkedAt: bigint,
): Promise<string> {
  const { root } = place
  const id = indexId(place)
  const known = index.table(id)
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
  if (!same) index.setTable(id, table)
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

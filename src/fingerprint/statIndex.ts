import type { Bytes } from '../platform/bytes.ts'
import { byBytes } from '../platform/bytes.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { readChecksummed, writeChecksummed } from '../platform/checksummedFile.ts'
import type { Digest, Hasher } from '../platform/digest.ts'
import { hashFile, sha256, sha256Hasher } from '../platform/digest.ts'

/** What the index remembers of one file: its state on disk when it was read, its SHA-256 and its XXH64. */
export type FileEntry = readonly [signature: string, sha256: Digest, quick: string]

/** What the index remembers of one directory of a tree, as texts, since most are used unread. */
export interface DirectoryEntry {
  /** A hash over the states of all that lies in it, or '' where one of them was too young to be trusted. */
  readonly states: Digest | ''
  /** Its lines of the tree's listing. */
  readonly listing: string
  /** For each of its files, in the order of the listing, a line with the state and the XXH64. */
  readonly files: string
}

/** What the index remembers of the directories of one tree, by their paths inside it. */
export type Table = ReadonlyMap<Bytes, DirectoryEntry>

/** What the index remembers of one tree: a hash over the states of all that is in it, and the tree's digest. */
export interface TreeEntry {
  readonly states: Digest
  readonly digest: Digest
}

/** What the index remembers of one tool: the files that it is made of, their states and its digest. */
export interface ToolEntry {
  readonly files: readonly Bytes[]
  readonly states: string
  readonly digest: Digest
}

/** A fast hash, XXH64, that finds files whose content did not change. */
interface QuickHasher extends Hasher {
  digest(): string
}

interface IndexFile {
  version: typeof VERSION
  files: Record<Bytes, FileEntry>
  trees: Record<Bytes, TreeEntry>
  tools: Record<Bytes, ToolEntry>
}

const VERSION = 3

/**
 * A file whose state changed less than this before it was read may change again without its state showing it:
 * clocks of file systems tick in steps of up to 10 ms. Such a file is read again next time, as git does with
 * entries that are "racily clean" (Documentation/technical/racy-git.txt).
 */
const RACY_NS = 20_000_000n

/** Where a file's content stands, as one comparable text. Device numbers are left out: they move with a reboot. */
export const signatureOf = (stat: Stat): string => `${stat.ino}.${stat.size}.${stat.mtimeNs}.${stat.ctimeNs}`

/** Whether a state is too young to be trusted at the next look. */
export const isRacy = (stat: Stat, readAtNs: bigint): boolean =>
  stat.ctimeNs + RACY_NS > readAtNs || stat.mtimeNs + RACY_NS > readAtNs

/**
 * The stat cache: it spares reading files whose state on disk has not moved. It only ever saves time; losing it,
 * or finding it damaged, costs one reading of everything. The table of a tree's directories is kept apart and read only
 * when something in the tree moved.
 */
export class StatIndex {
  readonly #disk: Disk
  readonly #directory: Bytes
  readonly #now: () => bigint
  #index: IndexFile | undefined
  readonly #tables = new Map<Bytes, Table>()
  readonly #changedTables = new Set<Bytes>()
  #changed = false
  #quick: (() => QuickHasher) | undefined

  /** `now` gives nanoseconds since 1970, by the clock that stamps files. */
  constructor(disk: Disk, directory: Bytes, now: () => bigint) {
    this.#disk = disk
    this.#directory = directory
    this.#now = now
  }

  /** The digest of a regular file, from the index where its state has not moved. */
  async file(path: Bytes, stat: Stat): Promise<Digest> {
    const unmoved = this.knows(path, stat)
    if (unmoved !== undefined) return unmoved
    const files = this.#load().files
    const entry = await this.read(path, stat, Object.hasOwn(files, path) ? files[path] : undefined)
    files[path] = entry
    this.#changed = true
    return entry[1]
  }

  /** The digest of a file whose state has not moved since it was read, else undefined. */
  knows(path: Bytes, stat: Stat): Digest | undefined {
    const files = this.#load().files
    const known = Object.hasOwn(files, path) ? files[path] : undefined
    return known?.[0] === signatureOf(stat) ? known[1] : undefined
  }

  /** Reads a file whose state moved; its SHA-256 is taken again only where the quick hash differs. */
  async read(path: Bytes, stat: Stat, known: FileEntry | undefined): Promise<FileEntry> {
    const readAt = this.#now()
    const quickHasher = await this.#quickHasher()
    const signature = isRacy(stat, readAt) ? '' : signatureOf(stat)
    if (known && known[2] !== '') {
      const quick = quickHasher()
      hashFile(this.#disk, path, [quick])
      const digest = quick.digest()
      if (digest === known[2]) return [signature, known[1], digest]
    }
    const sha = sha256Hasher()
    const quick = quickHasher()
    hashFile(this.#disk, path, [sha, quick])
    return [signature, sha.digest(), quick.digest()]
  }

  /**
   * Remembers the digest of a file that we wrote under another name and then renamed. Whoever wrote to it since gave it a
   * later time of modification than `writtenAt`, if that lies well before the renaming, which moved the other time.
   */
  remember(path: Bytes, stat: Stat | undefined, digest: Digest, writtenAt: bigint): void {
    const settled = stat?.mtimeNs === writtenAt && stat.ctimeNs > stat.mtimeNs + RACY_NS
    this.#load().files[path] = [settled ? signatureOf(stat) : '', digest, '']
    this.#changed = true
  }

  /** Whether the state of one of some files may still change without showing it. */
  isYoung(files: readonly Bytes[]): boolean {
    const now = this.#now()
    return files.some((file) => {
      const stat = this.#disk.lstat(file)
      return stat === undefined || isRacy(stat, now)
    })
  }

  tree(path: Bytes): TreeEntry | undefined {
    const trees = this.#load().trees
    return Object.hasOwn(trees, path) ? trees[path] : undefined
  }

  setTree(path: Bytes, entry: TreeEntry | undefined): void {
    const trees = this.#load().trees
    if (entry) trees[path] = entry
    else delete trees[path]
    this.#changed = true
  }

  tool(path: Bytes): ToolEntry | undefined {
    const tools = this.#load().tools
    return Object.hasOwn(tools, path) ? tools[path] : undefined
  }

  setTool(path: Bytes, entry: ToolEntry): void {
    this.#load().tools[path] = entry
    this.#changed = true
  }

  /** The directories of a tree. */
  table(path: Bytes): Table {
    const loaded = this.#tables.get(path)
    if (loaded) return loaded
    const table = readTable(this.#disk, this.#tablePath(path))
    this.#tables.set(path, table)
    return table
  }

  setTable(path: Bytes, table: Table): void {
    this.#tables.set(path, table)
    this.#changedTables.add(path)
  }

  /** Writes what is new. A disk that refuses costs only time at the next build, so it is not an error. */
  save(): void {
    try {
      for (const path of [...this.#changedTables].sort(byBytes))
        writeTable(this.#disk, this.#tablePath(path), this.#tables.get(path)!)
      this.#changedTables.clear()
      if (this.#changed) writeChecksummed(this.#disk, `${this.#directory}/index.json`, this.#index)
      this.#changed = false
    } catch (error) {
      if (errorCode(error) === '') throw error
    }
  }

  #load(): IndexFile {
    if (this.#index) return this.#index
    const found = readChecksummed(this.#disk, `${this.#directory}/index.json`)
    const parsed = typeof found === 'string' ? undefined : (found.value as Partial<IndexFile>)
    const usable =
      parsed?.version === VERSION && isTable(parsed.files) && isTable(parsed.trees) && isTable(parsed.tools)
    return (this.#index = usable
      ? (parsed as IndexFile)
      : { version: VERSION, files: {}, trees: {}, tools: {} })
  }

  #tablePath(tree: Bytes): Bytes {
    return `${this.#directory}/${sha256(tree).slice(0, 16)}.json`
  }

  async #quickHasher(): Promise<() => QuickHasher> {
    if (this.#quick) return this.#quick
    const { default: load } = await import('xxhash-wasm')
    const { create64 } = await load()
    return (this.#quick = () => {
      const hash = create64()
      return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest().toString(16) }
    })
  }
}

/** The head of a table: its directories, and how many characters of the text below are of each. */
interface TableHead {
  readonly version: unknown
  readonly directories: readonly (readonly [
    path: Bytes,
    states: Digest | '',
    listing: number,
    files: number,
  ])[]
}

function writeTable(disk: Disk, path: Bytes, table: Table): void {
  const directories: TableHead['directories'] = [...table].map(([directory, { states, listing, files }]) => [
    directory,
    states,
    listing.length,
    files.length,
  ])
  const text = [...table.values()].map(({ listing, files }) => listing + files).join('')
  writeChecksummed(disk, path, { version: VERSION, directories } satisfies TableHead, text)
}

function readTable(disk: Disk, path: Bytes): Table {
  const found = readChecksummed(disk, path)
  if (typeof found === 'string') return new Map()
  const { version, directories } = found.value as TableHead
  if (version !== VERSION) return new Map()
  const table = new Map<Bytes, DirectoryEntry>()
  let at = 0
  for (const [directory, states, listing, files] of directories) {
    table.set(directory, {
      states,
      listing: found.text.slice(at, at + listing),
      files: found.text.slice(at + listing, at + listing + files),
    })
    at += listing + files
  }
  return table
}

const isTable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

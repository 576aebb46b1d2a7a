// The stat cache: digests of files, trees and tools by their state on disk.
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes } from '../platform/rawPath.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { isObject } from '../platform/json.ts'
import type { ChecksummedContent, FileKind } from '../platform/checksummedFile.ts'
import { readChecksummed, writeChecksummed } from '../platform/checksummedFile.ts'
import type { Digest } from '../platform/digest.ts'
import { fileDigest, sha256 } from '../platform/digest.ts'
import { isRacy, isSettled, signatureOf } from './fileState.ts'
import type { Ignored } from '../platform/quarantine.ts'
import { makeCacheDirectory } from '../platform/quarantine.ts'

/** The index entry of a file: its state on disk when it was read, or '' if that proves nothing, and its SHA-256. */
export type FileEntry = readonly [signature: string, sha256: Digest]

/** The index entry of one directory of a tree, as texts, since most are used without being parsed. */
export interface DirectoryEntry {
  /** A hash over the states of its entries; '' if one of them was too young to be trusted. */
  readonly states: Digest | ''
  /** Its lines of the tree's listing. */
  readonly listing: string
  /** A line with the state of each file, in the order of the listing; '' if that proves nothing. */
  readonly files: string
}

/** The index entries of a tree's directories, by their paths in the tree. */
export type Table = ReadonlyMap<RawPath, DirectoryEntry>

/** The index entry of a tree: a hash over the states of everything in it, and its digest. */
export interface TreeEntry {
  readonly states: Digest
  readonly digest: Digest
  readonly exclusion?: ExclusionEntry
}

/** What a tree left out. */
export interface ExclusionEntry {
  /** The digest of the .gitignore files. */
  readonly rules: Digest
  /** The types and paths of the entries, such as `file src/main.o`. A directory stands for all of its entries. */
  readonly entries: readonly RawPath[]
}

/** The index entry of a tool. */
export interface ToolEntry {
  /** The tool, its interpreters and the libraries that these load, as the kernel and the loader open them. */
  readonly files: readonly RawPath[]
  /** Paths that the kernel and the loader tried before, and directories that the loader searched. */
  readonly probes: readonly RawPath[]
  /** The directories of the workspace's own tools that the files lie in. */
  readonly directories: readonly RawPath[]
  /** What a producer must see besides the host's system directories: files, directories and links. */
  readonly shown: readonly RawPath[]
  /** Those of these files that may be opened by their absolute paths: libraries, and interpreters with such a path. */
  readonly named: readonly RawPath[]
  /** The states of files, probes and directories; '' if one of them was too young to be trusted. */
  readonly states: string
  /** The SHA-256 of its listing. */
  readonly digest: Digest
}

interface IndexFile {
  files: Record<RawPath, FileEntry>
  trees: Record<RawPath, TreeEntry>
  /** By their ids; see {@link StatIndex.tool}. */
  tools: Record<RawPath, ToolEntry>
}

/** The kinds of the index's file and of a tree's table. */
const INDEX_KIND = 'index 8'
const TABLE_KIND = 'table 5'

/**
 * The stat cache: files whose state on disk is unchanged are not read again. If it is lost or damaged, everything is read
 * once. The directories of a tree have a file of their own, which is read only if something in the tree changed.
 */
export class StatIndex {
  readonly #disk: Disk
  readonly #directory: RawPath
  readonly #now: () => bigint
  readonly #ignored: Ignored
  #index: IndexFile | undefined
  readonly #tables = new Map<RawPath, Table>()
  readonly #changedTables = new Set<RawPath>()
  #changed = false

  /**
   * `now` returns nanoseconds since 1970, by the clock that stamps files. `ignored` receives the paths of files that are
   * damaged or of another kind.
   */
  constructor(disk: Disk, directory: RawPath, now: () => bigint, ignored: Ignored = new Set()) {
    this.#disk = disk
    this.#directory = directory
    this.#now = now
    this.#ignored = ignored
  }

  /** The digest of a regular file; from the index if its state is unchanged. */
  file(path: RawPath, stat: Stat): Digest {
    const known = this.digestIfUnchanged(path, stat)
    if (known !== undefined) return known
    const entry = this.read(path, stat)
    this.#load().files[path] = entry
    this.#changed = true
    return entry[1]
  }

  /** The digest of a file whose state is unchanged since it was read; else undefined. */
  digestIfUnchanged(path: RawPath, stat: Stat): Digest | undefined {
    const files = this.#load().files
    const known = Object.hasOwn(files, path) ? files[path] : undefined
    return known?.[0] === signatureOf(stat) ? known[1] : undefined
  }

  /** Reads a file whose state changed. */
  read(path: RawPath, stat: Stat): FileEntry {
    const signature = isRacy(this.#disk, path, stat, this.#now()) ? '' : signatureOf(stat)
    return [signature, fileDigest(this.#disk, path)]
  }

  /**
   * Remembers the digest of a file that lbuild wrote under another name and then renamed. `writtenAt` is the modification
   * time of the temporary file. If that does not prove its content ({@link isSettled}), the file is read next time.
   */
  remember(path: RawPath, stat: Stat | undefined, digest: Digest, writtenAt: bigint): void {
    this.#load().files[path] = [stat && isSettled(stat, writtenAt) ? signatureOf(stat) : '', digest]
    this.#changed = true
  }

  /** The entry of a tree; `path` stands for its id if it leaves out entries. */
  tree(path: RawPath): TreeEntry | undefined {
    const trees = this.#load().trees
    return Object.hasOwn(trees, path) ? trees[path] : undefined
  }

  setTree(path: RawPath, entry: TreeEntry | undefined): void {
    const trees = this.#load().trees
    if (entry) trees[path] = entry
    else delete trees[path]
    this.#changed = true
  }

  /** The entry of a tool; `id` is the search path and where it was found. */
  tool(id: RawPath): ToolEntry | undefined {
    const tools = this.#load().tools
    return Object.hasOwn(tools, id) ? tools[id] : undefined
  }

  setTool(id: RawPath, entry: ToolEntry): void {
    this.#load().tools[id] = entry
    this.#changed = true
  }

  /** The directories of a tree. */
  table(path: RawPath): Table {
    const loaded = this.#tables.get(path)
    if (loaded) return loaded
    const table = tableOf(this.#read(this.#tablePath(path), TABLE_KIND))
    this.#tables.set(path, table)
    return table
  }

  setTable(path: RawPath, table: Table): void {
    this.#tables.set(path, table)
    this.#changedTables.add(path)
  }

  /** Writes what changed. A failing disk is not an error, because it only costs time at the next build. */
  save(): void {
    try {
      if (this.#changed || this.#changedTables.size > 0)
        makeCacheDirectory(this.#disk, this.#directory, this.#directory, this.#ignored)
      const tables = [...this.#tables].filter(([path]) => this.#changedTables.has(path))
      for (const [path, table] of tables.sort(([a], [b]) => byBytes(a, b)))
        this.#writeTable(this.#tablePath(path), table)
      this.#changedTables.clear()
      if (this.#changed) this.#write(this.#indexPath(), INDEX_KIND, this.#index)
      this.#changed = false
    } catch (error) {
      if (errorCode(error) === '') throw error
    }
  }

  #load(): IndexFile {
    if (this.#index) return this.#index
    const index = this.#read(this.#indexPath(), INDEX_KIND)?.value
    return (this.#index = isIndexFile(index) ? index : { files: {}, trees: {}, tools: {} })
  }

  #read(path: RawPath, kind: FileKind): ChecksummedContent | undefined {
    const found = readChecksummed(this.#disk, path, kind)
    if (found === 'damaged') this.#ignored.add(path)
    return typeof found === 'string' ? undefined : found
  }

  #write(path: RawPath, kind: FileKind, value: unknown, text?: string): void {
    writeChecksummed(this.#disk, path, kind, value, {
      ignored: this.#ignored,
      ...(text === undefined ? {} : { text }),
    })
  }

  #writeTable(path: RawPath, table: Table): void {
    const directories: TableHead['directories'] = [...table].map(
      ([directory, { states, listing, files }]) => [directory, states, listing.length, files.length],
    )
    const text = [...table.values()].map(({ listing, files }) => listing + files).join('')
    this.#write(path, TABLE_KIND, { directories } satisfies TableHead, text)
  }

  #indexPath(): RawPath {
    return `${this.#directory}/index.json`
  }

  #tablePath(tree: RawPath): RawPath {
    return `${this.#directory}/${sha256(tree).slice(0, 16)}.json`
  }
}

/** The head of a table's file: the directories, and how many characters of the text below belong to each. */
interface TableHead {
  readonly directories: readonly (readonly [
    path: RawPath,
    states: Digest | '',
    listing: number,
    files: number,
  ])[]
}

function tableOf(found: ChecksummedContent | undefined): Table {
  if (!found || !isTableHead(found.value)) return new Map()
  const table = new Map<RawPath, DirectoryEntry>()
  let at = 0
  for (const [directory, states, listing, files] of found.value.directories) {
    table.set(directory, {
      states,
      listing: found.text.slice(at, at + listing),
      files: found.text.slice(at + listing, at + listing + files),
    })
    at += listing + files
  }
  return table
}

/**
 * Checks the frame only, because the file has a checksum, and checking each of some ten thousand entries would slow a
 * no-op.
 */
const isIndexFile = (value: unknown): value is IndexFile =>
  isObject(value) && ['files', 'trees', 'tools'].every((member) => isObject(value[member]))

const isTableHead = (value: unknown): value is TableHead =>
  isObject(value) && Array.isArray(value['directories'])

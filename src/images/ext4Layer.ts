/**
 * Writes a tree over an ext4 file system in a disk image, and reads it back.
 * @module lbuild/images/ext4Layer
 */
import type { Stats } from 'node:fs'
import { lstat, mkdtemp, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Failure, type Run } from '../api/index.ts'
import { formatBytes } from './byteSize.ts'
import { EXT4_BLOCK, inspectExt4, superblockField } from './ext4.ts'

/** A file, directory or link of the tree. */
interface TreeEntry {
  /** Its absolute path in the file system. */
  readonly path: string
  readonly stat: Stats
  /** The target of a symbolic link. */
  readonly target?: string
}

/** A tree, and the file system that it goes over. */
export interface Ext4Layer {
  /** An image with an ext4 file system. */
  readonly image: string
  /** Where the file system starts in the image, in bytes. */
  readonly offset: number
  /** A directory of directories, files and symbolic links, as extracted from a tar. */
  readonly tree: string
}

/** `scratch` is a directory for temporary copies. */
export type ReadBack = Ext4Layer & { readonly scratch: string }

/** The longest line of a debugfs(8) script in bytes: BUFSIZ of the C library without the line break. */
const MAX_LINE = 8190

/** The inode contains link targets of at most this many bytes (EXT4_N_BLOCKS × 4 with a zero byte, fs/ext4/ext4.h). */
const MAX_FAST_LINK = 59

/**
 * Writes a tree over an ext4 file system in an image, without mounting it, as extracting a tar over a directory would:
 * files and links replace existing files and links, existing directories keep their contents, and contents, owners,
 * modes and times become those of the tree. Equal file systems and trees give equal bytes. Extended attributes are not
 * copied. Replaced files are unlinked; their data is not wiped.
 *
 * `epoch` is the time of the changes and becomes all other times of a new inode, in seconds since 1970-01-01; `work` is
 * a directory for a script. Throws a Failure when a directory would replace something else or the reverse, when debugfs
 * cannot write a type or a name, and when the tree does not fit.
 */
export async function layOverExt4(
  run: Run<'debugfs'>,
  { image, offset, tree, epoch, work }: Ext4Layer & { readonly epoch: number; readonly work: string },
): Promise<void> {
  const entries = await entriesOf(tree)
  const lookups = entries.map(({ path }) => debugfsCommand('stat', path))
  const [space = '', ...found] = await inspectExt4(run, image, offset, ['show_super_stats -h', ...lookups])
  checkSpace(space, entries)
  const lines = entries.flatMap((entry, index) => commandsFor(entry, tree, typeIn(found[index])))
  const script = join(work, 'layer.debugfs')
  await writeFile(script, `${lines.join('\n')}\n`)
  const env = { E2FSPROGS_FAKE_TIME: String(epoch) }
  const { stderr } = await run('debugfs', ['-w', '-f', script, `${image}?offset=${offset}`], { env })
  // debugfs continues after an error and exits with 0.
  const errors = stderr.replace(/^debugfs \d.*\n/, '')
  if (errors !== '') throw new Failure('debugfs could not write the layer', { tail: errors.trimEnd() })
}

/**
 * Reads back a tree that was written over an ext4 file system: content, owner, mode and size of every entry. Throws a
 * Failure at the first difference.
 */
export async function checkExt4Layer(run: Run<'debugfs'>, layer: ReadBack): Promise<void> {
  await compare(run, layer, await entriesOf(layer.tree))
}

/** Reads back some files of a tree in the same way, named by their absolute paths in the file system. */
export async function checkExt4Files(
  run: Run<'debugfs'>,
  layer: ReadBack,
  paths: readonly string[],
): Promise<void> {
  await compare(run, layer, await Promise.all(paths.map((path) => entryAt(layer.tree, path))))
}

async function compare(
  run: Run<'debugfs'>,
  { image, offset, tree, scratch }: ReadBack,
  entries: readonly TreeEntry[],
): Promise<void> {
  const copies = await mkdtemp(join(scratch, 'read-back-'))
  const copy = (index: number): string => join(copies, String(index))
  const stats = entries.map(({ path }) => debugfsCommand('stat', path))
  const dumps = entries.flatMap((entry, index) =>
    hasBlocks(entry) ? [debugfsCommand('dump', entry.path, copy(index))] : [],
  )
  const answers = await inspectExt4(run, image, offset, [...stats, ...dumps])
  for (const [index, entry] of entries.entries()) {
    const expected = describeEntry(entry)
    const found = describeAnswer(answers[index])
    if (found !== expected)
      throw new Failure(`'${entry.path}' differs from the tree`, {
        facts: [
          ['expected', expected],
          ['found', found],
        ],
      })
    if (!hasBlocks(entry)) continue
    const content = entry.target ?? (await readFile(join(tree, entry.path)))
    if (!(await readFile(copy(index))).equals(Buffer.from(content)))
      throw new Failure(`the content of '${entry.path}' differs from the tree`)
  }
}

/** Everything below a directory, each directory before its contents, sorted by code units. */
async function entriesOf(tree: string, directory = '/'): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = []
  for (const name of (await readdir(join(tree, directory))).sort()) {
    const entry = await entryAt(tree, join(directory, name))
    entries.push(entry)
    if (entry.stat.isDirectory()) entries.push(...(await entriesOf(tree, entry.path)))
  }
  return entries
}

async function entryAt(tree: string, path: string): Promise<TreeEntry> {
  const at = join(tree, path)
  const stat = await lstat(at)
  if (!stat.isDirectory() && !stat.isFile() && !stat.isSymbolicLink())
    throw new Failure(`'${path}' is not a file, directory or link`)
  return { path, stat, ...(stat.isSymbolicLink() ? { target: await readlink(at) } : {}) }
}

/** The commands that write an entry; `existing` is the type that its path has in the file system. */
function commandsFor(
  { path, stat, target }: TreeEntry,
  tree: string,
  existing: string | undefined,
): string[] {
  const isDirectory = stat.isDirectory()
  if (existing !== undefined && isDirectory !== (existing === 'directory'))
    throw new Failure(`cannot write '${path}' over a different type`, {
      facts: [
        ['in the layer', isDirectory ? 'directory' : 'not a directory'],
        ['in the file system', existing],
      ],
    })
  const name = basename(path)
  const create = isDirectory
    ? debugfsCommand('mkdir', name)
    : target === undefined
      ? debugfsCommand('write', join(tree, path), name)
      : debugfsCommand('symlink', name, target)
  const set = (field: string, value: string): string => debugfsCommand('set_inode_field', path, field, value)
  return [
    // debugfs takes the working directory for the parent of `/name`.
    debugfsCommand('cd', dirname(path)),
    ...(existing === undefined || isDirectory ? [] : [debugfsCommand('rm', name)]),
    ...(existing !== undefined && isDirectory ? [] : [create]),
    set('mode', `0${stat.mode.toString(8)}`),
    set('uid', String(stat.uid)),
    set('gid', String(stat.gid)),
    set('mtime', `@${Math.floor(stat.mtimeMs / 1000)}`),
  ]
}

/**
 * A command of debugfs(8) with its arguments quoted; a quote is doubled within quotes (lib/ss/parse.c of e2fsprogs).
 * Throws a Failure when an argument does not fit into one line.
 */
function debugfsCommand(name: string, ...args: readonly string[]): string {
  const line = [name, ...args.map((arg) => `"${arg.replaceAll('"', '""')}"`)].join(' ')
  if (/[\n\r\0]/.test(line) || Buffer.byteLength(line) > MAX_LINE)
    throw new Failure('cannot write a name into an ext4 file system', {
      facts: [['name', JSON.stringify(args[0])]],
      hint: 'rename the file',
    })
  return line
}

/** Throws a Failure when files need more space than is free, by the superblock that debugfs(8) printed. */
function checkSpace(superblock: string, entries: readonly TreeEntry[]): void {
  const free = superblockField(superblock, 'Free blocks') * EXT4_BLOCK
  const needed = entries.reduce((sum, { stat }) => sum + Math.ceil(stat.size / EXT4_BLOCK) * EXT4_BLOCK, 0)
  if (!(needed <= free))
    throw new Failure('the layer does not fit into the file system', {
      facts: [
        ['needed', formatBytes(needed)],
        ['free', formatBytes(free)],
      ],
      hint: 'increase the size of the disk, or remove files from the layer',
    })
}

/** Whether blocks contain the content of an entry, rather than its inode. */
const hasBlocks = ({ stat }: TreeEntry): boolean =>
  stat.isFile() || (stat.isSymbolicLink() && stat.size > MAX_FAST_LINK)

/** The type in debugfs's answer to `stat`; undefined when the path is missing. */
const typeIn = (answer = ''): string | undefined => /Type: (\w+( \w+)?)/.exec(answer)?.[1]

function describeEntry(entry: TreeEntry): string {
  const { stat, target } = entry
  const type = stat.isDirectory() ? 'directory' : stat.isFile() ? 'regular' : 'symlink'
  const size = type === 'directory' ? '' : `, ${stat.size} bytes`
  const to = target === undefined || hasBlocks(entry) ? '' : `, to ${target}`
  return `${type}, mode ${(stat.mode & 0o7777).toString(8)}, owner ${stat.uid}:${stat.gid}${size}${to}`
}

/** Describes debugfs's answer to `stat` in the same words. */
function describeAnswer(answer = ''): string {
  const type = typeIn(answer)
  if (type === undefined) return 'missing'
  const [, mode] = /Mode:\s+(\d+)/.exec(answer) ?? []
  const [, uid, gid, size] =
    /User:\s+(\d+)\s+Group:\s+(\d+)(?:\s+Project:\s+\d+)?\s+Size:\s+(\d+)/.exec(answer) ?? []
  const to = /Fast link dest: "(.*)"\n/.exec(answer)?.[1]
  const sized = type === 'directory' ? '' : `, ${size} bytes`
  return `${type}, mode ${Number(mode)}, owner ${uid}:${gid}${sized}${to === undefined ? '' : `, to ${to}`}`
}

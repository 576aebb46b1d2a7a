import type { Stats } from 'node:fs'
import { lstat, mkdtemp, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Run } from '../api/artifact.ts'
import { bytes, ImageError } from './error.ts'
import { BLOCK, countIn, inspectExt4 } from './ext4.ts'

/** Something of a tree that lies, or is to lie, in a file system. */
interface Entry {
  /** Absolute, as it is in the file system. */
  readonly path: string
  readonly stat: Stats
  /** Of a symbolic link. */
  readonly target?: string
}

export interface Ext4Layer {
  /** An image with an ext4 file system. */
  readonly image: string
  /** Where that starts in the image, in bytes. */
  readonly offset: number
  /** A directory of directories, files and symbolic links, as extracted from a tar. */
  readonly tree: string
}

/** `scratch` is a directory for copies. */
type ReadBack = Ext4Layer & { readonly scratch: string }

/** The longest line that debugfs(8) reads from a script (BUFSIZ of the C library, less the end of the line). */
const LINE = 8190

/** Up to this many bytes the target of a symbolic link lies in the inode (EXT4_N_BLOCKS × 4 with a 0 byte, fs/ext4/ext4.h). */
const FAST_LINK = 59

/**
 * Lays a tree over an ext4 file system in an image, without mounting it, as extracting a tar over a directory would:
 * files and links take the place of what is not a directory, directories that are there keep what is in them, and
 * contents, owners, modes and times become those of the tree. The same file system and tree give the same bytes.
 * Extended attributes are not carried over. What is replaced is unlinked, not wiped.
 *
 * Throws an ImageError where a directory and something else meet, for a type or a name that debugfs cannot write, and
 * when the tree does not fit. `epoch` is the time of the changes and what all other times of a new inode become, in
 * seconds since 1970; `work` a directory for a script.
 */
export async function layOverExt4(
  run: Run<'debugfs'>,
  { image, offset, tree, epoch, work }: Ext4Layer & { readonly epoch: number; readonly work: string },
): Promise<void> {
  const entries = await entriesOf(tree)
  const looks = entries.map(({ path }) => command('stat', path))
  const [space, ...found] = await inspectExt4(run, image, offset, ['show_super_stats -h', ...looks])
  throwIfTooLarge(space!, entries)
  const lines = entries.flatMap((entry, index) => changes(entry, tree, typeOf(found[index]!)))
  const script = join(work, 'layer.debugfs')
  await writeFile(script, `${lines.join('\n')}\n`)
  const env = { E2FSPROGS_FAKE_TIME: String(epoch) }
  const { stderr } = await run('debugfs', ['-w', '-f', script, `${image}?offset=${offset}`], { env })
  // it goes on after an error and exits with 0
  const words = stderr.replace(/^debugfs \d.*\n/, '')
  if (words !== '')
    throw new ImageError('debugfs could not write all of the layer', {}, undefined, words.trimEnd())
}

/**
 * Reads back what was laid over an ext4 file system: content, owner, mode and size of every entry of the tree. Throws an
 * ImageError at the first difference.
 */
export async function checkExt4Layer(run: Run<'debugfs'>, layer: ReadBack): Promise<void> {
  await compare(run, layer, await entriesOf(layer.tree))
}

/** Reads back some files of a tree in the same way, given by their absolute paths in the file system. */
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
  entries: readonly Entry[],
): Promise<void> {
  const copies = await mkdtemp(join(scratch, 'read-back-'))
  const copy = (index: number): string => join(copies, String(index))
  const stats = entries.map(({ path }) => command('stat', path))
  const dumps = entries.flatMap((entry, index) =>
    hasBlocks(entry) ? [command('dump', entry.path, copy(index))] : [],
  )
  const answers = await inspectExt4(run, image, offset, [...stats, ...dumps])
  for (const [index, entry] of entries.entries()) {
    const expected = describe(entry)
    const found = describeAnswer(answers[index]!)
    if (found !== expected)
      throw new ImageError(`${entry.path} is not as it was in the tree`, { expected, found })
    if (!hasBlocks(entry)) continue
    const content = entry.target ?? (await readFile(join(tree, entry.path)))
    if (!(await readFile(copy(index))).equals(Buffer.from(content)))
      throw new ImageError(`${entry.path} has another content than in the tree`)
  }
}

/** All that is below a directory, every directory before what is in it, names in the order of their code units. */
async function entriesOf(tree: string, directory = '/'): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const name of (await readdir(join(tree, directory))).sort()) {
    const entry = await entryAt(tree, join(directory, name))
    entries.push(entry)
    if (entry.stat.isDirectory()) entries.push(...(await entriesOf(tree, entry.path)))
  }
  return entries
}

async function entryAt(tree: string, path: string): Promise<Entry> {
  const at = join(tree, path)
  const stat = await lstat(at)
  if (!stat.isDirectory() && !stat.isFile() && !stat.isSymbolicLink())
    throw new ImageError(`${path} is neither a file nor a directory nor a link`)
  return { path, stat, ...(stat.isSymbolicLink() ? { target: await readlink(at) } : {}) }
}

/** The commands that make an entry what it is in the tree, where something of this type lies now. */
function changes({ path, stat, target }: Entry, tree: string, there: string | undefined): string[] {
  const isDirectory = stat.isDirectory()
  if (there !== undefined && isDirectory !== (there === 'directory'))
    throw new ImageError(`${path} cannot be written over what is there`, {
      'in the layer': isDirectory ? 'directory' : 'no directory',
      'in the file system': there,
    })
  const name = basename(path)
  const make = isDirectory
    ? command('mkdir', name)
    : target === undefined
      ? command('write', join(tree, path), name)
      : command('symlink', name, target)
  const set = (field: string, value: string): string => command('set_inode_field', path, field, value)
  return [
    // debugfs takes the working directory for the parent of `/name`
    command('cd', dirname(path)),
    ...(there === undefined || isDirectory ? [] : [command('rm', name)]),
    ...(there !== undefined && isDirectory ? [] : [make]),
    set('mode', `0${stat.mode.toString(8)}`),
    set('uid', String(stat.uid)),
    set('gid', String(stat.gid)),
    set('mtime', `@${Math.floor(stat.mtimeMs / 1000)}`),
  ]
}

/**
 * A command of debugfs(8) with its arguments quoted; within quotes, two are one (lib/ss/parse.c of e2fsprogs). Throws
 * an ImageError for an argument that would not stay on its line.
 */
function command(name: string, ...args: readonly string[]): string {
  const line = [name, ...args.map((arg) => `"${arg.replaceAll('"', '""')}"`)].join(' ')
  if (/[\n\r\0]/.test(line) || Buffer.byteLength(line) > LINE)
    throw new ImageError('a name cannot be written into an ext4 file system', {
      name: JSON.stringify(args[0]),
    })
  return line
}

/** Throws an ImageError when files need more than what debugfs(8) says is free. */
function throwIfTooLarge(space: string, entries: readonly Entry[]): void {
  const free = countIn(space, 'Free blocks') * BLOCK
  const needed = entries.reduce((sum, { stat }) => sum + Math.ceil(stat.size / BLOCK) * BLOCK, 0)
  if (!(needed <= free))
    throw new ImageError(
      'the layer does not fit into the file system',
      { needed: bytes(needed), free: bytes(free) },
      'make the disk larger, or the layer smaller',
    )
}

/** Whether the content of an entry lies in blocks, and not in its inode. */
const hasBlocks = ({ stat }: Entry): boolean =>
  stat.isFile() || (stat.isSymbolicLink() && stat.size > FAST_LINK)

const typeOf = (answer: string): string | undefined => /Type: (\w+( \w+)?)/.exec(answer)?.[1]

function describe(entry: Entry): string {
  const { stat, target } = entry
  const type = stat.isDirectory() ? 'directory' : stat.isFile() ? 'regular' : 'symlink'
  const size = type === 'directory' ? '' : `, ${stat.size} bytes`
  const to = target === undefined || hasBlocks(entry) ? '' : `, to ${target}`
  return `${type}, mode ${(stat.mode & 0o7777).toString(8)}, owner ${stat.uid}:${stat.gid}${size}${to}`
}

/** What debugfs says of an inode, in the same words. */
function describeAnswer(answer: string): string {
  const type = typeOf(answer)
  const [, mode] = /Mode:\s+(\d+)/.exec(answer) ?? []
  const [, uid, gid, size] =
    /User:\s+(\d+)\s+Group:\s+(\d+)(?:\s+Project:\s+\d+)?\s+Size:\s+(\d+)/.exec(answer) ?? []
  const to = /Fast link dest: "(.*)"\n/.exec(answer)?.[1]
  const sized = type === 'directory' ? '' : `, ${size} bytes`
  return `${type}, mode ${Number(mode)}, owner ${uid}:${gid}${sized}${to === undefined ? '' : `, to ${to}`}`
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from '../api/artifact.ts'
import { ImageError, toolWords } from './error.ts'

/** The tools that makeExt4 runs. mke2fs is to be 1.47.0 or later: it has `assume_storage_prezeroed`. */
export const ext4Tools = [{ name: 'mke2fs', atLeast: '1.47.0' }, 'debugfs', 'dumpe2fs'] as const

/** Bytes in a block of every file system made here. */
export const BLOCK = 4096

export interface Ext4Options {
  /** A file that is large enough already, with zeros where the file system goes. */
  readonly image: string
  /** Where it starts in the file, in bytes. */
  readonly offset: number
  /** In bytes; what is left over a multiple of 4096 stays unused. */
  readonly size: number
  readonly label: string
  readonly uuid: string
  /** The UUID that directory hashes are seeded with. */
  readonly hashSeed: string
  /** What the file system is to hold: contents, owners, modes and attributes as they are there. */
  readonly tree: string
  /** The time of the file system and of all inodes' ctime, atime and crtime, in seconds since 1970. */
  readonly epoch: number
  /** A directory for a configuration and a script. */
  readonly work: string
}

/**
 * Features and sizes, so that no host's mke2fs.conf(5) decides: those of e2fsprogs 1.47 as Debian 12 ships it, with one
 * inode size and ratio for disks of every size.
 */
const CONFIG = `[defaults]
base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
default_mntopts = acl,user_xattr
enable_periodic_fsck = 0
blocksize = ${BLOCK}
inode_size = 256
inode_ratio = 16384
[fs_types]
ext4 = {
features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
}
`

/** The first inode that is not reserved; the root directory is 2 (fs/ext4/ext4.h). */
const FIRST_INODE = 11
const ROOT_INODE = 2

/**
 * Makes an ext4 file system inside an image from a directory, without mounting it; the same tree and options give the
 * same bytes, and holes stay holes. Must run as uid 0, real or of a user namespace.
 *
 * mke2fs -d copies the ctime and atime that the files happen to have on the host (until 1.47.1), so debugfs sets these
 * afterwards. Rejects with mke2fs's own words when the tree does not fit.
 */
export async function makeExt4(
  run: Run<'mke2fs' | 'debugfs' | 'dumpe2fs'>,
  options: Ext4Options,
): Promise<void> {
  const { image, offset, size, label, uuid, hashSeed, tree, epoch, work } = options
  const config = join(work, 'mke2fs.conf')
  await writeFile(config, CONFIG)
  const extended = [
    `offset=${offset}`,
    `hash_seed=${hashSeed}`,
    'lazy_itable_init=1',
    'lazy_journal_init=1',
    'assume_storage_prezeroed=1',
    'nodiscard',
    'root_owner=0:0',
  ]
  const env = { MKE2FS_CONFIG: config, E2FSPROGS_FAKE_TIME: String(epoch) }
  const args = [
    ['-q', '-F', '-t', 'ext4', '-T', 'ext4', '-b', String(BLOCK), '-L', label, '-U', uuid],
    ['-E', extended.join(','), '-d', tree, image, String(Math.floor(size / BLOCK))],
  ]
  await run('mke2fs', args.flat(), { env })
  const at = `${image}?offset=${offset}`
  const { stdout } = await run('dumpe2fs', ['-h', at], { env })
  const script = join(work, 'times.debugfs')
  await writeFile(script, timesScript(countIn(stdout, 'Inode count') - countIn(stdout, 'Free inodes'), epoch))
  await run('debugfs', ['-w', '-f', script, at], { env })
}

/** A number that dumpe2fs(8) or debugfs(8) tells of a file system's superblock; NaN where it does not. */
export const countIn = (superblock: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(superblock)?.[1])

/** A script for debugfs(8) that sets the times of all inodes that mke2fs takes from the host. */
function timesScript(inodes: number, epoch: number): string {
  const numbers = [ROOT_INODE]
  for (let inode = FIRST_INODE; inode <= inodes; inode += 1) numbers.push(inode)
  return numbers.map((inode) => `sif <${inode}> ctime @${epoch}\nsif <${inode}> atime @${epoch}\n`).join('')
}

/**
 * The least size of an ext4 file system for a tree whose tars are this large together, in bytes: with the journal that
 * mke2fs gives small disks (at most 64 MiB), one inode to 16 KiB, 5 % for root alone, and some room to start in.
 */
export const minimumExt4Size = (content: number): number =>
  Math.ceil((content * 1.02 + JOURNAL + ROOM) / (1 - INODES - RESERVED) / 2 ** 20) * 2 ** 20

const JOURNAL = 64 * 2 ** 20
const ROOM = 64 * 2 ** 20
const INODES = 256 / 16384
const RESERVED = 0.05

/**
 * Runs commands of debugfs(8) on a file system that starts at `offset` bytes of an image, read-only, and gives the
 * output of each.
 */
export async function inspectExt4(
  run: Run<'debugfs'>,
  image: string,
  offset: number,
  commands: readonly string[],
): Promise<string[]> {
  const { stdout } = await run('debugfs', ['-f', '-', `${image}?offset=${offset}`], {
    input: `${commands.join('\n')}\n`,
  })
  let at = 0
  const starts = commands.map((command) => {
    const echo = `debugfs: ${command}\n`
    const found = stdout.indexOf(echo, at)
    if (found < 0) throw new ImageError('debugfs did not run a command', { command })
    at = found + echo.length
    return { from: found, to: at }
  })
  return starts.map(({ to }, index) => stdout.slice(to, starts[index + 1]?.from))
}

/** Checks a file system in an image without writing to it. Throws an ImageError with what e2fsck found. */
export async function checkExt4(run: Run<'e2fsck'>, image: string, offset: number): Promise<void> {
  try {
    await run('e2fsck', ['-f', '-n', `${image}?offset=${offset}`])
  } catch (error) {
    throw new ImageError('the ext4 file system is not clean', {}, undefined, toolWords(error))
  }
}

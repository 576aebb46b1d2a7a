/**
 * Makes, inspects and checks ext4 file systems inside disk images.
 * @module lbuild/images/ext4
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, type Run } from '../api/index.ts'
import { passCheck } from './toolCheck.ts'

/** The tools that `makeExt4` runs. `assume_storage_prezeroed` requires mke2fs 1.47.0. */
export const ext4Tools = [{ name: 'mke2fs', atLeast: '1.47.0' }, 'debugfs', 'dumpe2fs'] as const

/** Bytes in a block of every file system that `makeExt4` makes. */
export const EXT4_BLOCK = 4096

/** The file system to make, and its contents. */
export interface Ext4Options {
  /** A file that already has its final size, with zeros in the place of the file system. */
  readonly image: string
  /** Where the file system starts in the image, in bytes. */
  readonly offset: number
  /** The size in bytes; the remainder of a division by 4096 stays unused. */
  readonly size: number
  readonly label: string
  readonly uuid: string
  /** The UUID that seeds the hashes of directories. */
  readonly hashSeed: string
  /** The directory to copy, with its contents, owners, modes and extended attributes. */
  readonly tree: string
  /** The time of the file system, and the ctime, atime and crtime of all inodes, in seconds since 1970-01-01. */
  readonly epoch: number
  /** A directory for a configuration file and a script. */
  readonly work: string
}

/**
 * The features and sizes of e2fsprogs 1.47, with one inode size and ratio for disks of every size. They replace the
 * host's mke2fs.conf(5).
 */
const CONFIG = `[defaults]
base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
default_mntopts = acl,user_xattr
enable_periodic_fsck = 0
blocksize = ${EXT4_BLOCK}
inode_size = 256
inode_ratio = 16384
[fs_types]
ext4 = {
features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
}
`

/** The first inode that is not reserved, and the root directory (fs/ext4/ext4.h). */
const FIRST_INODE = 11
const ROOT_INODE = 2

/**
 * Makes an ext4 file system inside an image from a directory, without mounting it; equal trees and options give equal
 * bytes, and holes stay holes. Must run as uid 0, real or in a user namespace.
 *
 * `mke2fs -d` copies the ctime and atime of the host's files (until 1.47.1), so debugfs sets them afterwards. Rejects
 * with the output of mke2fs when the tree does not fit.
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
    ['-q', '-F', '-t', 'ext4', '-T', 'ext4', '-b', String(EXT4_BLOCK), '-L', label, '-U', uuid],
    ['-E', extended.join(','), '-d', tree, image, String(Math.floor(size / EXT4_BLOCK))],
  ]
  await run('mke2fs', args.flat(), { env })
  const at = `${image}?offset=${offset}`
  const { stdout } = await run('dumpe2fs', ['-h', at], { env })
  const script = join(work, 'times.debugfs')
  await writeFile(
    script,
    timesScript(superblockField(stdout, 'Inode count') - superblockField(stdout, 'Free inodes'), epoch),
  )
  await run('debugfs', ['-w', '-f', script, at], { env })
}

/** A number in a superblock as dumpe2fs(8) or debugfs(8) prints it; NaN when it is missing. */
export const superblockField = (superblock: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(superblock)?.[1])

/** A script for debugfs(8) that sets the times that mke2fs copies from the host, for all inodes in use. */
function timesScript(inodes: number, epoch: number): string {
  const numbers = [ROOT_INODE]
  for (let inode = FIRST_INODE; inode <= inodes; inode += 1) numbers.push(inode)
  return numbers.map((inode) => `sif <${inode}> ctime @${epoch}\nsif <${inode}> atime @${epoch}\n`).join('')
}

/**
 * The minimum size of an ext4 file system for tars of `content` bytes, in bytes: with the journal that mke2fs gives
 * small disks (at most 64 MiB), one inode per 16 KiB, 5 % reserved for root, and some free space.
 */
export const minimumExt4Size = (content: number): number =>
  Math.ceil((content * 1.02 + JOURNAL + ROOM) / (1 - INODES - RESERVED) / 2 ** 20) * 2 ** 20

const JOURNAL = 64 * 2 ** 20
const ROOM = 64 * 2 ** 20
const INODES = 256 / 16384
const RESERVED = 0.05

/**
 * Runs commands of debugfs(8) on a file system that starts at `offset` bytes of an image, read-only. Resolves to the
 * output of each command. Throws a Failure when debugfs skips a command.
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
  let position = 0
  const spans = commands.map((command) => {
    const echo = `debugfs: ${command}\n`
    const start = stdout.indexOf(echo, position)
    if (start < 0) throw new Failure('debugfs did not run a command', { facts: [['command', command]] })
    position = start + echo.length
    return { start, end: position }
  })
  return spans.map(({ end }, index) => stdout.slice(end, spans[index + 1]?.start))
}

/** Checks a file system in an image without writing to it. Throws a Failure that shows what e2fsck found. */
export async function checkExt4(run: Run<'e2fsck'>, image: string, offset: number): Promise<void> {
  await passCheck('the ext4 file system is damaged', run('e2fsck', ['-f', '-n', `${image}?offset=${offset}`]))
}

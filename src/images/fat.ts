/**
 * Makes, reads and checks FAT file systems inside disk images.
 * @module lbuild/images/fat
 */
import { copyFile, open, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from '../api/index.ts'
import { SECTOR } from './gpt.ts'
import { passCheck } from './toolCheck.ts'

/** The tools that `makeFat` runs. */
export const fatTools = ['mkfs.vfat', 'mmd', 'mcopy'] as const

/** A file of a FAT file system: its path inside (`EFI/BOOT/BOOTX64.EFI`), and a file to copy or the content itself. */
export interface FatFile {
  readonly path: string
  readonly source: string | Uint8Array
}

/** The file system to make, and its contents. */
export interface FatOptions {
  /** A file that already has its final size, with zeros in the place of the file system. */
  readonly image: string
  /** Where the file system starts in the image, in bytes: a multiple of 512. */
  readonly offset: number
  /** The size in bytes, a multiple of 1024. */
  readonly size: number
  /** FAT16 or FAT32: the bits of an entry of the allocation table. */
  readonly bits: 16 | 32
  /** At most 11 characters, in upper case. */
  readonly label: string
  /** Eight hexadecimal digits. */
  readonly volumeId: string
  readonly files: readonly FatFile[]
  /** The time of every file, in seconds since 1970-01-01. */
  readonly epoch: number
  /** A directory for temporary copies. */
  readonly scratch: string
}

/** mtools runs without the host's configuration, and without a geometry check that disk images fail. */
const MTOOLS = { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1', TZ: 'UTC' }

/**
 * Clusters of 4 KiB keep a FAT32 of 260 MiB and more above the 65,525 clusters that make it a FAT32 (Microsoft, "FAT32
 * File System Specification", FAT type determination). The default of mkfs.vfat depends on the size of the whole image.
 */
const SECTORS_PER_CLUSTER = 8

/** Makes a FAT file system with files inside an image; equal arguments give equal bytes. */
export async function makeFat(run: Run<(typeof fatTools)[number]>, options: FatOptions): Promise<void> {
  const { image, offset, size, bits, label, volumeId, files, epoch, scratch } = options
  const sector = offset / SECTOR
  await run(
    'mkfs.vfat',
    [
      '--invariant',
      ['-F', String(bits), '-s', String(SECTORS_PER_CLUSTER), '-n', label, '-i', volumeId],
      ['-h', String(sector), `--offset=${sector}`],
      [image, String(size / 1024)],
    ].flat(),
  )
  const mtools = { env: { ...MTOOLS, SOURCE_DATE_EPOCH: String(epoch) } }
  const drive = ['-i', `${image}@@${offset}`]
  const directories = [...new Set(files.flatMap(({ path }) => directoriesOf(path)))].sort()
  if (directories.length > 0) await run('mmd', [...drive, ...directories.map((path) => `::/${path}`)], mtools)
  // Copy one file after the other, because the clusters of a file depend on the files before it.
  const copy = join(scratch, 'fat-file')
  for (const { path, source } of files) {
    await rm(copy, { force: true })
    await (typeof source === 'string' ? copyFile(source, copy) : writeFile(copy, source))
    await utimes(copy, epoch, epoch)
    await run('mcopy', ['-m', '-Q', ...drive, copy, `::/${path}`], mtools)
  }
}

/** The directories above a path, the outermost first. */
const directoriesOf = (path: string): string[] => {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** Copies a file out of a FAT file system that starts at `offset` bytes of an image. */
export async function copyFromFat(
  run: Run<'mcopy'>,
  image: string,
  offset: number,
  path: string,
  destination: string,
): Promise<void> {
  await run('mcopy', ['-n', '-i', `${image}@@${offset}`, `::/${path}`, destination], { env: MTOOLS })
}

/** The size of a FAT16 file system that holds files of these sizes and little more, in bytes: whole MiB. */
export function fatSizeFor(sizes: readonly number[]): number {
  const cluster = SECTORS_PER_CLUSTER * SECTOR
  const content = sizes.reduce((sum, size) => sum + Math.ceil(size / cluster) * cluster, 0)
  return Math.max(MINIMUM_FAT16, Math.ceil((content + ROOM) / 2 ** 20) * 2 ** 20)
}

/** Bytes for two tables of 128 KiB, the root directory, and directories. */
const ROOM = 2 ** 20
/** The smallest size in bytes: below 4,085 clusters the file system would be a FAT12. */
const MINIMUM_FAT16 = 18 * 2 ** 20

/** Byte offsets in the first sector of a FAT32 (Microsoft, "FAT32 File System Specification", boot sector and BPB). */
const BPB = {
  bytesPerSector: 11,
  sectorsPerCluster: 13,
  reserved: 14,
  tables: 16,
  tableSectors: 36,
  size: 512,
}

/**
 * Copies a FAT32 of `size` bytes that starts at `offset` bytes of an image into a file of its own: its tables, and data
 * up to the last used cluster. Everything behind is a hole.
 */
export async function copyFatOut(
  image: string,
  offset: number,
  size: number,
  destination: string,
): Promise<void> {
  const [from, to] = await Promise.all([open(image), open(destination, 'w')])
  try {
    const boot = (await from.read(Buffer.alloc(BPB.size), 0, BPB.size, offset)).buffer
    const sector = boot.readUInt16LE(BPB.bytesPerSector)
    const tableAt = boot.readUInt16LE(BPB.reserved) * sector
    const tableSize = boot.readUInt32LE(BPB.tableSectors) * sector
    const dataAt = tableAt + boot.readUInt8(BPB.tables) * tableSize
    const table = (await from.read(Buffer.alloc(tableSize), 0, tableSize, offset + tableAt)).buffer
    let clusters = table.length / 4
    while (clusters > 2 && table.readUInt32LE((clusters - 1) * 4) === 0) clusters -= 1
    const used = dataAt + (clusters - 2) * boot.readUInt8(BPB.sectorsPerCluster) * sector
    await to.truncate(size)
    const piece = Buffer.alloc(2 ** 20)
    for (let at = 0; at < used;) {
      const { bytesRead } = await from.read(piece, 0, Math.min(piece.length, used - at), offset + at)
      if (bytesRead === 0) break
      await to.write(piece, 0, bytesRead, at)
      at += bytesRead
    }
  } finally {
    await Promise.all([from.close(), to.close()])
  }
}

/** Checks a FAT file system in a file of its own. Throws a Failure that shows what fsck.vfat found. */
export async function checkFat(run: Run<'fsck.vfat'>, file: string): Promise<void> {
  await passCheck('the FAT file system is damaged', run('fsck.vfat', ['-n', file]))
}

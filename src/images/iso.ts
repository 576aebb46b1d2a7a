import { open } from 'node:fs/promises'
import type { Run } from '../api/artifact.ts'
import { ImageError } from './error.ts'

/** A file of an ISO: its path inside (`live/rootfs.erofs`), and where it is copied from. */
export interface IsoFile {
  readonly path: string
  readonly source: string
}

export interface IsoOptions {
  readonly image: string
  /** The volume id: at most 32 of A–Z, 0–9 and `_` (ECMA-119, 8.4.7). */
  readonly label: string
  /** Thirty-two hexadecimal digits: the GUID of the disk, for when the ISO lies on a USB stick. */
  readonly diskGuid: string
  readonly files: readonly IsoFile[]
  /** The image of the EFI system partition, appended as a partition and offered to UEFI through El Torito. */
  readonly esp: string
  /** The code that a BIOS runs from a disk's first sector: syslinux's isohdpfx.bin. */
  readonly mbr: string
  /** The path, among the files, of what a BIOS runs from a CD: isolinux.bin. */
  readonly biosLoader: string
  /** The time of every file and of the volume, in seconds since 1970. */
  readonly epoch: number
}

/** Where El Torito's catalog goes, beside isolinux. */
const CATALOG = 'isolinux/boot.cat'

/**
 * The time as an ISO writes it, in hundredths of a second (ECMA-119, 8.4.26.1: `YYYYMMDDhhmmsscc`). As a volume's
 * modification date it is what blkid and GRUB take for the UUID of an ISO.
 */
export const isoDate = (epoch: number): string =>
  `${new Date(epoch * 1000).toISOString().replace(/\D/g, '').slice(0, 14)}00`

/**
 * Makes an ISO that boots from a CD and from a USB stick, by UEFI and by BIOS (El Torito 1.0; isohybrid). The same
 * files and options give the same bytes: nothing of the sources but their contents comes in.
 */
export async function makeIso(run: Run<'xorriso'>, options: IsoOptions): Promise<void> {
  const { image, label, diskGuid, files, esp, mbr, biosLoader, epoch } = options
  const grafts = files.map(({ path, source }) => `${graft(path)}=${graft(source)}`)
  await run(
    'xorriso',
    [
      ['-report_about', 'WARNING', '-as', 'mkisofs', '-o', image, '-V', label],
      [`--modification-date=${isoDate(epoch)}`, '--set_all_file_dates', isoDate(epoch)],
      ['-r', '-file-mode', '0444', '-dir-mode', '0555', '-J', '-joliet-long'],
      ['-partition_offset', '16', '-isohybrid-mbr', mbr],
      ['-c', CATALOG, '-b', biosLoader, '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table'],
      ['-append_partition', '2', '0xef', esp, '-appended_part_as_gpt', '--gpt_disk_guid', diskGuid],
      ['-eltorito-alt-boot', '-e', '--interval:appended_partition_2:all::', '-no-emul-boot'],
      ['-graft-points', ...grafts],
    ].flat(),
  )
}

/** Protects what xorriso would take for the middle of a graft point. */
const graft = (path: string): string => path.replaceAll(/[\\=]/g, '\\$&')

/** Where a file lies in an ISO, in bytes from its start. */
export interface IsoExtent {
  readonly path: string
  readonly offset: number
  readonly size: number
}

/** What an ISO holds, read back. */
export interface IsoContents {
  readonly label: string
  readonly files: readonly IsoExtent[]
  /** The boot images by platform, as El Torito lists them. */
  readonly boot: readonly {
    readonly platform: 'BIOS' | 'UEFI'
    readonly path: string | undefined
    readonly offset: number
  }[]
}

/** Bytes in a block of an ISO. */
const BLOCK = 2048

/** Reads an ISO's label, files and boot images. Throws an ImageError when what xorriso says cannot be understood. */
export async function readIso(run: Run<'xorriso'>, image: string): Promise<IsoContents> {
  const { stdout } = await run(
    'xorriso',
    [
      ['-abort_on', 'FAILURE', '-report_about', 'WARNING', '-outdev', 'stdio:/dev/null', '-indev', image],
      ['-pvd_info', '-report_el_torito', 'plain', '-find', '/', '-type', 'f', '-exec', 'report_lba', '--'],
    ].flat(),
  )
  const label = /^Volume Id\s*:\s*(.*?)\s*$/im.exec(stdout)?.[1]
  if (label === undefined)
    throw new ImageError('cannot read the label of the ISO', { image, xorriso: stdout })
  const extents = stdout.matchAll(/^File data lba:\s*\d+\s*,\s*(\d+)\s*,\s*\d+\s*,\s*(\d+)\s*,\s*'(.*)'$/gm)
  const files = [...extents].map(([, lba, size, path]) => {
    return { path: path!.replace(/^\//, ''), offset: Number(lba) * BLOCK, size: Number(size) }
  })
  const paths = new Map(
    [...stdout.matchAll(/^El Torito img path\s*:\s*(\d+)\s+\/(.*)$/gm)].map(([, index, path]) => [
      index,
      path,
    ]),
  )
  const images = stdout.matchAll(
    /^El Torito boot img\s*:\s*(\d+)\s+(BIOS|UEFI)\s+y\s+\S+\s+\S+\s+\S+\s+\d+\s+(\d+)/gm,
  )
  const boot = [...images].map(([, index, platform, lba]) => {
    return { platform: platform as 'BIOS' | 'UEFI', path: paths.get(index), offset: Number(lba) * BLOCK }
  })
  return { label, files, boot }
}

/** Whether `size` bytes of a file, from `offset` on, are the whole content of another. Reads in pieces of 1 MiB. */
export async function sameBytes(file: string, offset: number, size: number, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([open(file), open(other)])
  try {
    if ((await b.stat()).size !== size) return false
    const [left, right] = [Buffer.alloc(2 ** 20), Buffer.alloc(2 ** 20)]
    for (let done = 0; done < size;) {
      const want = Math.min(left.length, size - done)
      const [{ bytesRead: readLeft }, { bytesRead: readRight }] = await Promise.all([
        a.read(left, 0, want, offset + done),
        b.read(right, 0, want, done),
      ])
      if (readLeft !== want || readRight !== want) return false
      if (Buffer.compare(left.subarray(0, want), right.subarray(0, want)) !== 0) return false
      done += want
    }
    return true
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}

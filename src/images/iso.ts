/**
 * Makes bootable ISO images.
 * @module lbuild/images/iso
 */
import type { Run } from '../api/index.ts'

/** A file of an ISO: its path inside (`live/rootfs.erofs`), and the file to copy. */
export interface IsoFile {
  readonly path: string
  readonly source: string
}

/** The ISO to make, and its contents. */
export interface IsoOptions {
  /** The file to write. */
  readonly image: string
  /** The volume id: at most 32 of A–Z, 0–9 and `_` (ECMA-119, 8.4.7). */
  readonly label: string
  /** The GUID of the disk, as 32 hexadecimal digits; firmware sees it when the ISO is on a USB stick. */
  readonly diskGuid: string
  readonly files: readonly IsoFile[]
  /** The image of the EFI system partition; it is appended as a partition, and El Torito offers it to UEFI. */
  readonly esp: string
  /** The code that a BIOS runs from the first sector of a disk: syslinux's isohdpfx.bin. */
  readonly mbr: string
  /** The path, among the files, of the loader that a BIOS runs from a CD: isolinux.bin. */
  readonly biosLoader: string
  /** The time of every file and of the volume, in seconds since 1970-01-01. */
  readonly epoch: number
}

/** The path of El Torito's catalog, beside isolinux. */
const CATALOG = 'isolinux/boot.cat'

/**
 * Formats a time as an ISO contains it, in hundredths of a second (ECMA-119, 8.4.26.1: `YYYYMMDDhhmmsscc`). blkid and
 * GRUB use the modification date of the volume as the UUID of the ISO.
 */
export const isoDate = (epoch: number): string =>
  `${new Date(epoch * 1000).toISOString().replace(/\D/g, '').slice(0, 14)}00`

/**
 * Makes an ISO that boots from a CD and from a USB stick, by UEFI and by BIOS (El Torito 1.0; isohybrid). Equal file
 * contents and options give equal bytes.
 */
export async function makeIso(run: Run<'xorriso'>, options: IsoOptions): Promise<void> {
  const { image, label, diskGuid, files, esp, mbr, biosLoader, epoch } = options
  const grafts = files.map(({ path, source }) => `${escapeGraft(path)}=${escapeGraft(source)}`)
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

/** Escapes the characters that separate a graft point of xorriso. */
const escapeGraft = (path: string): string => path.replaceAll(/[\\=]/g, '\\$&')

/**
 * Makes a disk that boots one EFI program, such as a unified kernel image.
 * @module lbuild/images/efiDisk
 */
import { truncate, writeFile } from 'node:fs/promises'
import type { Run } from '../api/index.ts'
import { fatSizeFor, fatTools, makeFat } from './fat.ts'
import { PARTITION_TYPES, SECTOR, writeGpt } from './gpt.ts'
import { deriveUuid, deriveVolumeId } from './uuids.ts'

/** The tools that `makeEfiDisk` runs. */
export const efiDiskTools = [...fatTools, 'sfdisk'] as const

/** The bytes before and behind the partition, which hold the two partition tables. */
const MARGIN = 2 ** 20

/** The disk to make. */
export interface EfiDiskOptions {
  /** The path of the raw image to write. */
  readonly image: string
  /** The program that the firmware starts. */
  readonly program: Uint8Array
  /** The name from which the identifiers of the disk are derived, such as that of the distro. */
  readonly namespace: string
  /** The time of the file, in seconds since 1970-01-01. */
  readonly epoch: number
  /** A directory for temporary copies. */
  readonly scratch: string
}

/**
 * Makes a raw disk image for UEFI: a GUID partition table and an EFI system partition with the program as
 * `EFI/BOOT/BOOTX64.EFI` (UEFI 2.10, section 3.5.1.1). The disk is little larger than the program. Equal arguments give
 * equal bytes.
 */
export async function makeEfiDisk(
  run: Run<(typeof efiDiskTools)[number]>,
  { image, program, namespace, epoch, scratch }: EfiDiskOptions,
): Promise<void> {
  const size = fatSizeFor([program.length])
  await writeFile(image, '')
  await truncate(image, size + 2 * MARGIN)
  const esp = {
    name: 'esp',
    type: PARTITION_TYPES.esp,
    uuid: deriveUuid(namespace, 'esp partition'),
    start: MARGIN / SECTOR,
    sectors: size / SECTOR,
  }
  await writeGpt(run, image, { uuid: deriveUuid(namespace, 'disk'), partitions: [esp] })
  const files = [{ path: 'EFI/BOOT/BOOTX64.EFI', source: program }]
  const volumeId = deriveVolumeId(namespace, 'esp')
  await makeFat(run, { image, offset: MARGIN, size, bits: 16, label: 'ESP', volumeId, files, epoch, scratch })
}

import { stat } from 'node:fs/promises'
import { bytes, ImageError } from 'lbuild/images/error'
import { minimumExt4Size } from 'lbuild/images/ext4'
import { PARTITION_TYPES, SECTOR, type Gpt } from 'lbuild/images/gpt'
import { deriveUuid, deriveVolumeId } from 'lbuild/images/ids'

const NAMESPACE = 'levitateos/qcow2'

/** Every identifier of the disk. They are the same in every build: what boots is found by them. */
export const IDS = {
  disk: deriveUuid(NAMESPACE, 'disk'),
  espPartition: deriveUuid(NAMESPACE, 'esp partition'),
  rootPartition: deriveUuid(NAMESPACE, 'root partition'),
  rootFileSystem: deriveUuid(NAMESPACE, 'root file system'),
  hashSeed: deriveUuid(NAMESPACE, 'directory hash seed'),
  espVolume: deriveVolumeId(NAMESPACE, 'esp'),
}

/** Sectors in a MiB, to which partitions are aligned. */
const ALIGNMENT = 2 ** 20 / SECTOR
const ESP_START = ALIGNMENT
const ESP_SECTORS = 2 ** 30 / SECTOR
const ROOT_START = ESP_START + ESP_SECTORS
/** Where the root partition starts on the disk, in bytes. */
export const ROOT_OFFSET = ROOT_START * SECTOR
/** The second table lies in the last 33 sectors; the root partition ends at the MiB before it. */
const AFTER_ROOT = ALIGNMENT

/** The disk: an EFI system partition of 1 GiB, and the root partition on all of the rest. */
export interface DiskLayout extends Gpt {
  /** In bytes. */
  readonly size: number
  /** Where the partitions lie on the disk, in bytes. */
  readonly esp: { readonly offset: number; readonly size: number }
  readonly root: { readonly offset: number; readonly size: number }
}

/**
 * Lays out a disk of `size` bytes for a system whose tars are these files. Throws an ImageError, before anything is
 * built, when the system would not fit.
 */
export async function layOut(size: number, tars: readonly string[]): Promise<DiskLayout> {
  const content = (await Promise.all(tars.map((tar) => stat(tar)))).reduce(
    (sum, { size: tar }) => sum + tar,
    0,
  )
  const least = (ROOT_START + AFTER_ROOT) * SECTOR + minimumExt4Size(content)
  if (size < least)
    throw new ImageError(
      `the disk is too small: ${bytes(size)}`,
      {
        'at least': bytes(least),
        system: bytes(content),
        'EFI system partition': bytes(ESP_SECTORS * SECTOR),
      },
      `build with --disk-size ${Math.ceil(least / 2 ** 30)}G or more`,
    )
  const sectors = Math.floor(size / SECTOR)
  const rootSectors = Math.floor((sectors - ROOT_START - AFTER_ROOT) / ALIGNMENT) * ALIGNMENT
  return {
    size: sectors * SECTOR,
    esp: { offset: ESP_START * SECTOR, size: ESP_SECTORS * SECTOR },
    root: { offset: ROOT_OFFSET, size: rootSectors * SECTOR },
    uuid: IDS.disk,
    partitions: [
      {
        name: 'esp',
        type: PARTITION_TYPES.esp,
        uuid: IDS.espPartition,
        start: ESP_START,
        sectors: ESP_SECTORS,
      },
      {
        name: 'root',
        type: PARTITION_TYPES.rootX86_64,
        uuid: IDS.rootPartition,
        start: ROOT_START,
        sectors: rootSectors,
      },
    ],
  }
}

/**
 * Lays out a disk that boots by UEFI: an EFI system partition and a root partition.
 * @module lbuild/images/diskLayout
 */
import { minimumExt4Size } from './ext4.ts'
import { PARTITION_TYPES, SECTOR, type Gpt } from './gpt.ts'

/** The unit to which partitions are aligned, in bytes. */
const ALIGNMENT = 2 ** 20
/** The bytes behind the root partition. The second table takes the last 33 sectors, and the partition ends at a MiB. */
const AFTER_ROOT = ALIGNMENT

/** A range of a disk. `offset` and `size` are in bytes. */
export interface DiskRange {
  readonly offset: number
  readonly size: number
}

/** A disk with an EFI system partition, and a root partition on the rest. */
export interface DiskLayout extends Gpt {
  /** The size in bytes. */
  readonly size: number
  /** The EFI system partition. */
  readonly esp: DiskRange
  /** The root partition. */
  readonly root: DiskRange
}

/** The sizes and identifiers of a disk to lay out. */
export interface DiskLayoutOptions {
  /** The size of the disk, in bytes; the remainder of a division by 512 is dropped. */
  readonly size: number
  /** The size of the EFI system partition, in bytes: a multiple of 1 MiB. */
  readonly espSize: number
  /** The UUIDs of the disk and of its partitions. */
  readonly uuids: { readonly disk: string; readonly esp: string; readonly root: string }
}

/** Where the root partition starts on a disk with an EFI system partition of `espSize`, in bytes. */
export const rootOffset = (espSize: number): number => ALIGNMENT + espSize

/** The minimum size of a disk whose root file system is an ext4 made from tars of `content` bytes, in bytes. */
export const minimumDiskSize = (espSize: number, content: number): number =>
  rootOffset(espSize) + minimumExt4Size(content) + AFTER_ROOT

/** Lays out a disk: the EFI system partition starts at 1 MiB, the root partition follows it. */
export function layOutDisk({ size, espSize, uuids }: DiskLayoutOptions): DiskLayout {
  const sectors = Math.floor(size / SECTOR)
  const esp = { offset: ALIGNMENT, size: espSize }
  const offset = rootOffset(espSize)
  const available = sectors * SECTOR - offset - AFTER_ROOT
  const root = { offset, size: Math.floor(available / ALIGNMENT) * ALIGNMENT }
  return {
    size: sectors * SECTOR,
    esp,
    root,
    uuid: uuids.disk,
    partitions: [
      { name: 'esp', type: PARTITION_TYPES.esp, uuid: uuids.esp, ...inSectors(esp) },
      { name: 'root', type: PARTITION_TYPES.rootX86_64, uuid: uuids.root, ...inSectors(root) },
    ],
  }
}

const inSectors = ({ offset, size }: DiskRange) => ({ start: offset / SECTOR, sectors: size / SECTOR })

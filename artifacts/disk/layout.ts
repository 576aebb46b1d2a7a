// The layout and the identifiers of the installed disk.
import { stat } from 'node:fs/promises'
import { Failure } from 'lbuild'
import { formatBytes } from 'lbuild/images/byteSize'
import { layOutDisk, minimumDiskSize, rootOffset, type DiskLayout } from 'lbuild/images/diskLayout'
import { deriveUuid, deriveVolumeId } from 'lbuild/images/uuids'

const NAMESPACE = 'levitateos/qcow2'

/** The identifiers of the disk, by which the boot loader and fstab find its parts. Every build has the same ones. */
export const IDS = {
  disk: deriveUuid(NAMESPACE, 'disk'),
  espPartition: deriveUuid(NAMESPACE, 'esp partition'),
  rootPartition: deriveUuid(NAMESPACE, 'root partition'),
  rootFileSystem: deriveUuid(NAMESPACE, 'root file system'),
  hashSeed: deriveUuid(NAMESPACE, 'directory hash seed'),
  espVolume: deriveVolumeId(NAMESPACE, 'esp'),
}

const ESP_SIZE = 2 ** 30

/** Where the root partition starts on the disk, in bytes. */
export const ROOT_OFFSET = rootOffset(ESP_SIZE)

/**
 * Lays out a disk of `size` bytes for a system made from tars. Throws a Failure, before anything is built, when the
 * system does not fit.
 */
export async function layOut(size: number, tars: readonly string[]): Promise<DiskLayout> {
  const stats = await Promise.all(tars.map((tar) => stat(tar)))
  const content = stats.reduce((sum, tar) => sum + tar.size, 0)
  const minimum = minimumDiskSize(ESP_SIZE, content)
  if (size < minimum)
    throw new Failure(`the disk is too small: ${formatBytes(size)}`, {
      facts: [
        ['minimum', formatBytes(minimum)],
        ['system', formatBytes(content)],
        ['EFI system partition', formatBytes(ESP_SIZE)],
      ],
      hint: `build with --disk-size ${Math.ceil(minimum / 2 ** 30)}G or more`,
    })
  const uuids = { disk: IDS.disk, esp: IDS.espPartition, root: IDS.rootPartition }
  return layOutDisk({ size, espSize: ESP_SIZE, uuids })
}

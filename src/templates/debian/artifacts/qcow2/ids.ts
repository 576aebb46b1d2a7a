// The identifiers of the disk, by which the kernel and fstab find its parts. Every build has the same ones.
import { deriveUuid, deriveVolumeId, fatUuid } from 'lbuild/images/uuids'

const NAMESPACE = 'mydistro'

export const IDS = {
  disk: deriveUuid(NAMESPACE, 'disk'),
  espPartition: deriveUuid(NAMESPACE, 'esp partition'),
  espVolume: deriveVolumeId(NAMESPACE, 'esp'),
  rootPartition: deriveUuid(NAMESPACE, 'root partition'),
  rootFileSystem: deriveUuid(NAMESPACE, 'root file system'),
  hashSeed: deriveUuid(NAMESPACE, 'directory hash seed'),
}

/** The text of /etc/fstab (fstab(5)). */
export const FSTAB = `UUID=${IDS.rootFileSystem} / ext4 defaults 0 1
UUID=${fatUuid(IDS.espVolume)} /boot vfat defaults 0 0
`

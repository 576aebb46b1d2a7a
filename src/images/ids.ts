import { createHash } from 'node:crypto'

const digest = (namespace: string, name: string): Buffer =>
  createHash('sha256').update(`${namespace.length}:${namespace}${name}`).digest()

/**
 * Derives a UUID from two names: the first 16 bytes of their SHA-256, marked as version 8 (RFC 9562, section 5.8:
 * a layout of one's own). The same names give the same UUID, everywhere and always. Lower case.
 */
export function deriveUuid(namespace: string, name: string): string {
  const id = digest(namespace, name).subarray(0, 16)
  id[6] = (id[6]! & 0x0f) | 0x80
  id[8] = (id[8]! & 0x3f) | 0x80
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Derives the volume id of a FAT file system, eight hexadecimal digits as `mkfs.vfat -i` takes them. */
export const deriveVolumeId = (namespace: string, name: string): string =>
  digest(namespace, name).toString('hex', 0, 4).toUpperCase()

/** Writes a volume id the way blkid and fstab do: `1A2B-3C4D`. */
export const fatUuid = (volumeId: string): string => `${volumeId.slice(0, 4)}-${volumeId.slice(4)}`

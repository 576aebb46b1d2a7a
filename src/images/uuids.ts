/**
 * Derives the identifiers of disks and file systems from names, so that every build gives the same ones.
 * @module lbuild/images/uuids
 */
import { createHash } from 'node:crypto'

const digestOf = (namespace: string, name: string) =>
  createHash('sha256').update(`${namespace.length}:${namespace}${name}`).digest()

/**
 * Derives a UUID in lower case from two names: the first 16 bytes of their SHA-256, marked as version 8 (RFC 9562,
 * section 5.8). Equal names always give equal UUIDs.
 */
export function deriveUuid(namespace: string, name: string): string {
  const bytes = digestOf(namespace, name)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Derives the volume id of a FAT file system: eight hexadecimal digits, as `mkfs.vfat -i` takes them. */
export const deriveVolumeId = (namespace: string, name: string): string =>
  digestOf(namespace, name).toString('hex', 0, 4).toUpperCase()

/** Formats a volume id as blkid and fstab(5) do: `1A2B-3C4D`. */
export const fatUuid = (volumeId: string): string => `${volumeId.slice(0, 4)}-${volumeId.slice(4)}`

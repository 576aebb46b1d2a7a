import type { Run } from '../api/artifact.ts'
import { ImageError } from './error.ts'

/** Bytes in a sector. */
export const SECTOR = 512

/** Types of partitions: UEFI 2.10, table 5.7, and the Discoverable Partitions Specification. */
export const PARTITION_TYPES = {
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  rootX86_64: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
}

/** A partition. Locations are in sectors of 512 bytes. */
export interface Partition {
  readonly name: string
  readonly type: string
  readonly uuid: string
  readonly start: number
  readonly sectors: number
}

/** A GUID partition table. */
export interface Gpt {
  readonly uuid: string
  readonly partitions: readonly Partition[]
}

/**
 * Writes a GUID partition table (UEFI 2.10, section 5.3) into a file that already has the size of the disk; what the
 * partitions hold is not touched.
 */
export async function writeGpt(run: Run<'sfdisk'>, disk: string, { uuid, partitions }: Gpt): Promise<void> {
  const rows = partitions.map(
    (part, index) =>
      `${index + 1} : start=${part.start}, size=${part.sectors}, type=${part.type}, uuid=${part.uuid}, name="${part.name}"`,
  )
  const input = ['label: gpt', `label-id: ${uuid}`, 'unit: sectors', 'first-lba: 34', ...rows, ''].join('\n')
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', disk], { input })
}

/** Reads the partition table of a disk image back. Throws an ImageError when there is none, or it is no GPT. */
export async function readGpt(run: Run<'sfdisk'>, disk: string): Promise<Gpt> {
  const { stdout } = await run('sfdisk', ['--json', disk])
  const { partitiontable: table } = JSON.parse(stdout) as {
    partitiontable?: {
      label: string
      id: string
      partitions?: { start: number; size: number; type: string; uuid: string; name?: string }[]
    }
  }
  if (table?.label !== 'gpt') throw new ImageError('the disk has no GUID partition table', { disk })
  const partitions = (table.partitions ?? []).map(({ start, size, type, uuid, name = '' }) => {
    return { name, type: type.toUpperCase(), uuid: uuid.toLowerCase(), start, sectors: size }
  })
  return { uuid: table.id.toLowerCase(), partitions }
}

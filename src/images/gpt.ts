/**
 * Writes and reads GUID partition tables.
 * @module lbuild/images/gpt
 */
import { Failure, type Run } from '../api/index.ts'

/** Bytes in a sector. */
export const SECTOR = 512

/** Partition types: UEFI 2.10, table 5.7, and the Discoverable Partitions Specification. */
export const PARTITION_TYPES = {
  esp: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  rootX86_64: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
}

/** A partition. `start` and `sectors` count sectors of 512 bytes. */
export interface Partition {
  readonly name: string
  /** A GUID in upper case, such as one of {@link PARTITION_TYPES}. */
  readonly type: string
  /** The UUID, in lower case. */
  readonly uuid: string
  readonly start: number
  readonly sectors: number
}

/** A GUID partition table. */
export interface Gpt {
  /** The GUID of the disk, in lower case. */
  readonly uuid: string
  readonly partitions: readonly Partition[]
}

/**
 * Writes a GUID partition table (UEFI 2.10, section 5.3) into a file that already has the size of the disk. The
 * contents of the partitions stay unchanged.
 */
export async function writeGpt(run: Run<'sfdisk'>, disk: string, { uuid, partitions }: Gpt): Promise<void> {
  const rows = partitions.map(
    (part, index) =>
      `${index + 1} : start=${part.start}, size=${part.sectors}, type=${part.type}, uuid=${part.uuid}, name="${part.name}"`,
  )
  const input = ['label: gpt', `label-id: ${uuid}`, 'unit: sectors', 'first-lba: 34', ...rows, ''].join('\n')
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', disk], { input })
}

/** The output of `sfdisk --json`. */
interface SfdiskReport {
  readonly partitiontable?: {
    readonly label: string
    readonly id: string
    readonly partitions?: readonly {
      readonly start: number
      readonly size: number
      readonly type: string
      readonly uuid: string
      readonly name?: string
    }[]
  }
}

/** Reads the partition table of a disk image. Throws a Failure when the disk has no GUID partition table. */
export async function readGpt(run: Run<'sfdisk'>, disk: string): Promise<Gpt> {
  const { stdout } = await run('sfdisk', ['--json', disk])
  const { partitiontable: table }: SfdiskReport = JSON.parse(stdout)
  if (table?.label !== 'gpt')
    throw new Failure('the disk has no GUID partition table', { facts: [['disk', disk]] })
  const partitions = (table.partitions ?? []).map(({ start, size, type, uuid, name = '' }) => {
    return { name, type: type.toUpperCase(), uuid: uuid.toLowerCase(), start, sectors: size }
  })
  return { uuid: table.id.toLowerCase(), partitions }
}

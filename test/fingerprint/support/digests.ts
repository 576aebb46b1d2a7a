// Digests of a file and a tree on a disk in memory, through a stat cache, and the reads that they cost.
import { StatIndex } from '../../../src/fingerprint/statIndex.ts'
import { fingerprintTree } from '../../../src/fingerprint/tree.ts'
import type { MemoryDisk } from '../../support/memoryDisk.ts'

/** In nanoseconds. */
export const MILLISECOND = 1_000_000n
export const SECOND = 1000n * MILLISECOND

/** The stat cache of a new process. */
export const open = (disk: MemoryDisk): StatIndex => new StatIndex(disk, '/index', disk.clock)

/** The digest of the file `/f`. */
export const fileDigest = (disk: MemoryDisk, index: StatIndex): string => index.file('/f', disk.lstat('/f')!)

/** The digest of the tree `/t`. */
export const treeDigest = async (disk: MemoryDisk, index: StatIndex): Promise<string> =>
  (await fingerprintTree(disk, index, '/t', disk.clock)).digest

/** The number of files that `action` reads. */
export async function readsOf(disk: MemoryDisk, action: () => unknown): Promise<number> {
  const before = disk.reads
  await action()
  return disk.reads - before
}

// Tests that no edit hides behind an unchanged state on disk, whatever the file system stores of times.
import { describe, expect, it } from 'vitest'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'
import { fileDigest, MILLISECOND, open, readsOf, SECOND, treeDigest } from './support/digests.ts'

describe('an edit that preserves size and times', () => {
  // A file system's clock ticks in steps: two edits within a step have the same time.
  it.each([0n, MILLISECOND, 10n * MILLISECOND, 19n * MILLISECOND])(
    'is found if the file was read %i ns after it was written',
    async (age) => {
      const disk = new MemoryDisk()
      const written = disk.now
      for (const path of ['/f', '/t/f']) disk.file(path, 'one')
      const index = open(disk)
      disk.now = written + age
      const before = [fileDigest(disk, index), await treeDigest(disk, index)]
      disk.now = written
      for (const path of ['/f', '/t/f']) disk.file(path, 'two')
      disk.now = written + SECOND
      expect(fileDigest(disk, index)).not.toBe(before[0])
      expect(await treeDigest(disk, index)).not.toBe(before[1])
    },
  )

  it('is found after the index was saved, by the next process', async () => {
    const disk = new MemoryDisk()
    for (const path of ['/f', '/t/f']) disk.file(path, 'one')
    const index = open(disk)
    const before = [fileDigest(disk, index), await treeDigest(disk, index)]
    index.save()
    for (const path of ['/f', '/t/f']) disk.file(path, 'two')
    disk.now += SECOND
    const next = open(disk)
    expect(fileDigest(disk, next)).not.toBe(before[0])
    expect(await treeDigest(disk, next)).not.toBe(before[1])
  })

  it('is found if only ctime differs, as after touch -d, cp -p or a restored backup', async () => {
    const disk = new MemoryDisk()
    disk.file('/f', 'one')
    const { mtimeNs } = disk.lstat('/f')!
    disk.now += SECOND
    const index = open(disk)
    const before = fileDigest(disk, index)
    disk.file('/f', 'two')
    disk.setModified('/f', mtimeNs)
    disk.now += SECOND
    expect(fileDigest(disk, index)).not.toBe(before)
  })

  it('is found in a file whose mtime lies in the future', async () => {
    const disk = new MemoryDisk()
    disk.file('/f', 'one')
    disk.setModified('/f', disk.now + 1000n * SECOND)
    const index = open(disk)
    disk.now += SECOND
    const before = fileDigest(disk, index)
    const stat = disk.lstat('/f')!
    disk.now = stat.ctimeNs
    disk.file('/f', 'two')
    disk.setModified('/f', stat.mtimeNs)
    disk.now += 2n * SECOND
    expect(fileDigest(disk, index)).not.toBe(before)
  })
})

describe('a file system that stores times in steps', () => {
  const START = 1_700_000_001_000_000_000n

  /** A disk with the file `/f` and the tree `/t`, both written `after` ns after a full second. */
  function coarseDisk(step: bigint, after: bigint): MemoryDisk {
    const disk = new MemoryDisk()
    disk.step = step
    disk.now = START + after
    for (const path of ['/f', '/t/sub/f']) disk.file(path, 'one')
    return disk
  }
  const digests = async (disk: MemoryDisk, index: StatIndex): Promise<readonly string[]> => [
    fileDigest(disk, index),
    await treeDigest(disk, index),
  ]

  // With steps of 2 s, the step that begins at the even second before START lasts 1 s after it.
  it.each([
    { step: SECOND, written: 0n, read: 0n, edited: 999n },
    { step: SECOND, written: 100n, read: 300n, edited: 310n },
    { step: SECOND, written: 3n, read: 998n, edited: 999n },
    { step: 2n * SECOND, written: -999n, read: 970n, edited: 999n },
    { step: 2n * SECOND, written: -700n, read: 0n, edited: 500n },
    { step: 2n * SECOND, written: 1000n, read: 2100n, edited: 2999n },
  ])(
    'never hides an edit of equal size: steps of $step ns; written, read and edited at $written, $read and $edited ms',
    async ({ step, written, read, edited }) => {
      const disk = coarseDisk(step, written * MILLISECOND)
      const index = open(disk)
      disk.now = START + read * MILLISECOND
      const before = await digests(disk, index)
      const states = ['/f', '/t/sub/f'].map((path) => disk.lstat(path))
      index.save()
      disk.now = START + edited * MILLISECOND
      for (const path of ['/f', '/t/sub/f']) disk.file(path, 'two')
      expect(['/f', '/t/sub/f'].map((path) => disk.lstat(path))).toEqual(states)
      disk.now += 10n * SECOND
      for (const used of [open(disk), index]) {
        const [file, tree] = await digests(disk, used)
        expect(file).toBe(sha256('two'))
        expect(tree).not.toBe(before[1])
      }
    },
  )

  it.each([SECOND, 2n * SECOND])(
    'costs no read once the times are safely past (steps of %i ns)',
    async (step) => {
      const disk = coarseDisk(step, 500n * MILLISECOND)
      disk.now += 3n * SECOND
      const index = open(disk)
      expect(await readsOf(disk, () => digests(disk, index))).toBe(2)
      expect(await readsOf(disk, () => digests(disk, index))).toBe(0)
    },
  )

  it('costs a read until then, and one after it', async () => {
    const disk = coarseDisk(SECOND, 900n * MILLISECOND)
    const index = open(disk)
    for (const [wait, reads] of [
      [0n, 2],
      [SECOND, 2],
      [2n * SECOND, 2],
      [0n, 0],
    ] as const) {
      disk.now += wait
      expect(await readsOf(disk, () => digests(disk, index))).toBe(reads)
    }
  })

  it.each([SECOND, 2n * SECOND, 10n * MILLISECOND])(
    'never hides an edit whose times were set back, if it stores no change times (steps of %i ns)',
    async (step) => {
      const disk = coarseDisk(step, 0n)
      disk.changeTimes = false
      const { mtimeNs } = disk.lstat('/f')!
      disk.now += 60n * SECOND
      const index = open(disk)
      const before = await digests(disk, index)
      disk.now += 60n * SECOND
      for (const path of ['/f', '/t/sub/f']) {
        disk.file(path, 'two')
        disk.setModified(path, mtimeNs)
      }
      disk.now += 60n * SECOND
      const [file, tree] = await digests(disk, index)
      expect(file).toBe(sha256('two'))
      expect(tree).not.toBe(before[1])
    },
  )

  it('never hides an edit of a file that lbuild has just published', () => {
    for (const [written, renamed, edited] of [
      [100n, 200n, 900n],
      [100n, 999n, 999n],
      [900n, 1001n, 1500n],
    ] as const) {
      const disk = new MemoryDisk()
      disk.step = SECOND
      const at = (milliseconds: bigint): void => void (disk.now = START + milliseconds * MILLISECOND)
      const index = open(disk)
      at(written)
      disk.file('/temporary', 'one')
      const { mtimeNs } = disk.lstat('/temporary')!
      at(renamed)
      disk.rename('/temporary', '/f')
      index.remember('/f', disk.lstat('/f'), sha256('one'), mtimeNs)
      at(edited)
      disk.file('/f', 'two')
      at(9000n)
      expect(fileDigest(disk, index)).toBe(sha256('two'))
    }
  })
})

it('only known file systems count as storing change times', () => {
  expect(realDisk.hasChangeTimes('/dev/shm')).toBe(true)
  for (const path of ['/proc/self', '/none']) expect(realDisk.hasChangeTimes(path)).toBe(false)
})

// Tests that the index saves reads, and that a lost, damaged or outdated index never gives a wrong digest.
import { sha256 } from '../../src/platform/digest.ts'
import { describe, expect, it } from 'vitest'
import { fingerprintTree, parseListing } from '../../src/fingerprint/tree.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'
import { fileDigest, MILLISECOND, open, readsOf, SECOND, treeDigest } from './support/digests.ts'

describe('a file that has not changed for a while', () => {
  it('is read once, even across processes', async () => {
    const disk = new MemoryDisk()
    disk.file('/f', 'content')
    disk.now += SECOND
    const index = open(disk)
    const digest = fileDigest(disk, index)
    expect(await readsOf(disk, () => fileDigest(disk, index))).toBe(0)
    index.save()
    const next = open(disk)
    expect(await readsOf(disk, () => fileDigest(disk, next))).toBe(0)
    expect(fileDigest(disk, next)).toBe(digest)
  })

  it('is read once more after a touch', async () => {
    const disk = new MemoryDisk()
    disk.file('/f', 'content')
    disk.now += SECOND
    const index = open(disk)
    const digest = fileDigest(disk, index)
    disk.touch('/f')
    disk.now += SECOND
    expect(await readsOf(disk, () => fileDigest(disk, index))).toBe(1)
    expect(fileDigest(disk, index)).toBe(digest)
    expect(await readsOf(disk, () => fileDigest(disk, index))).toBe(0)
  })

  /** Writes a temporary file and renames it after a while; returns the time of the write. */
  function published(disk: MemoryDisk, after: bigint): bigint {
    disk.file('/temporary', 'content')
    const { mtimeNs } = disk.lstat('/temporary')!
    disk.now += after
    disk.rename('/temporary', '/f')
    return mtimeNs
  }

  it('is not read if lbuild wrote it a while before renaming it into place', async () => {
    const disk = new MemoryDisk()
    const index = open(disk)
    const writtenAt = published(disk, 30n * MILLISECOND)
    const digest = open(disk).file('/f', disk.lstat('/f')!)
    index.remember('/f', disk.lstat('/f'), digest, writtenAt)
    expect(await readsOf(disk, () => fileDigest(disk, index))).toBe(0)
    expect(fileDigest(disk, index)).toBe(digest)
  })

  it('is read if lbuild renamed it at once, because a write in that moment would go unnoticed', async () => {
    const disk = new MemoryDisk()
    const index = open(disk)
    const writtenAt = published(disk, 10n * MILLISECOND)
    index.remember('/f', disk.lstat('/f'), sha256('other'), writtenAt)
    expect(fileDigest(disk, index)).not.toBe(sha256('other'))
  })

  it.each([0n, 1n, MILLISECOND, SECOND])(
    'is read if another process wrote to it %i ns after the rename',
    async (later) => {
      const disk = new MemoryDisk()
      const index = open(disk)
      const writtenAt = published(disk, SECOND)
      const before = disk.lstat('/f')!
      disk.now += later
      disk.write(disk.open('/f', 'a'), Buffer.from('more'))
      index.remember('/f', disk.lstat('/f'), sha256('other'), writtenAt)
      expect(fileDigest(disk, index)).not.toBe(sha256('other'))
      // Also if the write came between lstat and remember.
      index.remember('/f', before, sha256('other'), writtenAt)
      expect(fileDigest(disk, index)).not.toBe(sha256('other'))
    },
  )
})

describe('a file whose state changed', () => {
  it('is compared by its SHA-256, in one read', async () => {
    const disk = new MemoryDisk()
    disk.file('/f', 'content')
    disk.now += SECOND
    const index = open(disk)
    fileDigest(disk, index)
    for (const content of ['content', 'CONTENT', 'content']) {
      disk.now += SECOND
      disk.file('/f', content)
      disk.now += SECOND
      expect(await readsOf(disk, () => fileDigest(disk, index))).toBe(1)
      expect(fileDigest(disk, index)).toBe(sha256(content))
    }
  })

  it('is found although its bytes have the same XXH64', () => {
    // The word at byte 32 makes up for the one at byte 0: XXH64 feeds both to its first lane, which can be inverted.
    const one = Buffer.alloc(64, '.')
    const other = Buffer.from(one)
    other.write('!')
    other.write('ac9431d5d2082fd0', 32, 'hex')
    const disk = new MemoryDisk()
    disk.file('/f', one.toString('latin1'))
    disk.now += SECOND
    const index = open(disk)
    const before = fileDigest(disk, index)
    disk.file('/f', other.toString('latin1'))
    disk.now += SECOND
    expect(fileDigest(disk, index)).not.toBe(before)
  })
})

describe('a tree that has not changed for a while', () => {
  it('is not read, and still has a listing', async () => {
    const disk = new MemoryDisk()
    disk.file('/t/a', 'a')
    disk.file('/t/sub/b', 'b')
    disk.now += SECOND
    const index = open(disk)
    const digest = await treeDigest(disk, index)
    index.save()
    const next = open(disk)
    // Reads of the index itself are not counted.
    expect(await readsOf(disk, () => treeDigest(disk, next))).toBe(0)
    const tree = await fingerprintTree(disk, next, '/t', disk.clock)
    expect(tree.digest).toBe(digest)
    expect(parseListing(await tree.listing()).map(([path]) => path)).toEqual(['', 'a', 'sub', 'sub/b'])
  })

  it('is read only where a file changed', async () => {
    const disk = new MemoryDisk()
    for (const name of ['a', 'b', 'c', 'd']) disk.file(`/t/${name}`, name)
    disk.now += SECOND
    const index = open(disk)
    await treeDigest(disk, index)
    disk.file('/t/c', 'other')
    disk.now += SECOND
    expect(await readsOf(disk, () => treeDigest(disk, index))).toBe(1)
  })
})

describe('an index gives the same digests', () => {
  async function saved(): Promise<{
    disk: MemoryDisk
    digests: readonly string[]
    files: readonly string[]
  }> {
    const disk = new MemoryDisk()
    disk.file('/f', 'content')
    disk.file('/t/a', 'a')
    disk.file('/t/link/b', 'b', 0o755)
    disk.now += SECOND
    const index = open(disk)
    const digests = [fileDigest(disk, index), await treeDigest(disk, index)]
    index.save()
    const files = disk.readdir('/index').map((name) => `/index/${name}`)
    expect(files).toHaveLength(2)
    return { disk, digests, files }
  }
  const digestsOf = async (disk: MemoryDisk): Promise<readonly string[]> => {
    const index = open(disk)
    const tree = await fingerprintTree(disk, index, '/t', disk.clock)
    parseListing(await tree.listing())
    return [fileDigest(disk, index), tree.digest]
  }

  it('if one of its files or all of them are lost', async () => {
    const { disk, digests, files } = await saved()
    for (const file of [...files, '/index']) {
      disk.removeTree(file)
      expect(await digestsOf(disk)).toEqual(digests)
    }
  })

  it('if a file is truncated at any length, or any byte of it is flipped', async () => {
    const { disk, digests, files } = await saved()
    for (const file of files) {
      const whole = disk.readFile(file).toString('latin1')
      for (let at = 0; at < whole.length; at += 7) {
        const flipped = String.fromCharCode(whole.charCodeAt(at) ^ 1)
        for (const damaged of [whole.slice(0, at), whole.slice(0, at) + flipped + whole.slice(at + 1)]) {
          disk.file(file, damaged)
          expect(await digestsOf(disk)).toEqual(digests)
        }
      }
      disk.file(file, whole)
    }
  })

  it('if its files have another version', async () => {
    const { disk, digests, files } = await saved()
    for (const file of files) disk.file(file, '{"version":99}')
    expect(await digestsOf(disk)).toEqual(digests)
  })

  it('and ignores errors when it is saved', async () => {
    const { disk, digests } = await saved()
    disk.file('/f', 'changed')
    disk.now += SECOND
    const index = open(disk)
    fileDigest(disk, index)
    disk.open = () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    }
    expect(() => index.save()).not.toThrow()
    expect(digests).toHaveLength(2)
  })
})

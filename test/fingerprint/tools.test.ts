// Tests that the digest of a tool covers its bytes, its interpreter and its libraries, and nothing else.
import { describe, expect, it } from 'vitest'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import { locateTool, fingerprintTool, statesOnce } from '../../src/fingerprint/tools.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'

const SECOND = 1_000_000_000n

function diskWithTool(): MemoryDisk {
  const disk = new MemoryDisk()
  disk.file('/usr/bin/sh', 'the shell', 0o755)
  disk.file('/usr/bin/tool', '#!/usr/bin/sh\nscript', 0o755)
  disk.file('/usr/lib/libc.so', 'libc')
  disk.file('/etc/ld.so.cache', 'cache')
  disk.now += SECOND
  return disk
}

/** The digest of the tool as a new process computes it, and the number of calls of the loader. */
async function fingerprint(
  disk: MemoryDisk,
  index: StatIndex,
): Promise<{ digest: string; loaderCalls: number }> {
  let loaderCalls = 0
  const librariesOf = (path: string): Promise<string[]> => {
    loaderCalls += 1
    return Promise.resolve(path === '/usr/bin/sh' ? ['/usr/lib/libc.so'] : [])
  }
  const { digest } = await fingerprintTool(disk, index, '/usr/bin/tool', librariesOf, statesOnce(disk), [
    '/usr/bin',
  ])
  return { digest, loaderCalls }
}

describe('the digest of a tool', () => {
  it('changes with the interpreter that env(1) finds', async () => {
    const disk = diskWithTool()
    disk.file('/usr/bin/env', 'env', 0o755)
    disk.file('/usr/bin/tool', '#!/usr/bin/env -S sh -e\nscript', 0o755)
    disk.now += SECOND
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await fingerprint(disk, index)
    disk.file('/usr/bin/sh', 'THE SHELL', 0o755)
    disk.now += SECOND
    expect((await fingerprint(disk, index)).digest).not.toBe(before.digest)
  })

  it.each([
    ['its own bytes', '/usr/bin/tool', '#!/usr/bin/sh\nSCRIPT'],
    ['its interpreter', '/usr/bin/sh', 'THE SHELL'],
    ['a library that the interpreter loads', '/usr/lib/libc.so', 'LIBC'],
  ])('changes with %s', async (_, path, content) => {
    for (const wait of [SECOND, 0n]) {
      const disk = diskWithTool()
      // The files were just written: an edit within the same tick of the clock must be found, too.
      if (wait === 0n)
        for (const file of ['/usr/bin/tool', '/usr/bin/sh', '/usr/lib/libc.so']) disk.touch(file)
      const index = new StatIndex(disk, '/index', disk.clock)
      const before = await fingerprint(disk, index)
      disk.now += wait
      disk.file(path, content, disk.lstat(path)!.mode)
      if (wait === 0n) disk.now += SECOND
      expect((await fingerprint(disk, index)).digest).not.toBe(before.digest)
    }
  })

  it('ignores times and the path of the tool', async () => {
    const disk = diskWithTool()
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await fingerprint(disk, index)
    disk.touch('/usr/bin/tool')
    disk.touch('/usr/lib/libc.so')
    disk.now += SECOND
    expect((await fingerprint(disk, index)).digest).toBe(before.digest)
    const elsewhere = new StatIndex(disk, '/index', disk.clock)
    disk.file('/opt/tool', '#!/usr/bin/sh\nscript', 0o755)
    const libraries = (path: string): Promise<string[]> =>
      Promise.resolve(path === '/usr/bin/sh' ? ['/usr/lib/libc.so'] : [])
    const { digest } = await fingerprintTool(disk, elsewhere, '/opt/tool', libraries, statesOnce(disk), [])
    expect(digest).toBe(before.digest)
  })

  it('comes from the index without a read or a call of the loader, until the cache of the loader changes', async () => {
    const disk = diskWithTool()
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await fingerprint(disk, index)
    index.save()
    const reads = disk.reads
    const next = new StatIndex(disk, '/index', disk.clock)
    expect(await fingerprint(disk, next)).toEqual({ digest: before.digest, loaderCalls: 0 })
    expect(disk.reads).toBe(reads)
    disk.now += SECOND
    disk.touch('/etc/ld.so.cache')
    expect(await fingerprint(disk, next)).toEqual({ digest: before.digest, loaderCalls: 2 })
  })
})

describe('a tool', () => {
  it('is located in the first directory that has an executable file of its name', () => {
    const disk = new MemoryDisk()
    disk.file('/a/tool', 'not executable')
    disk.mkdir('/b/tool')
    disk.file('/c/tool', 'x', 0o755)
    disk.file('/d/tool', 'x', 0o755)
    expect(locateTool(disk, ['/none', '/a', '/b', '/c', '/d'], 'tool')).toEqual({
      path: '/c/tool',
      real: '/c/tool',
    })
    expect(locateTool(disk, ['/a', '/b'], 'tool')).toBeUndefined()
  })
})

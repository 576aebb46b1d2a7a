import { describe, expect, it } from 'vitest'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import { locateTool, fingerprintTool, statesOnce } from '../../src/fingerprint/tools.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'

// A tool is known by its bytes, those of its interpreter and of the libraries that it loads, and by nothing else.

const SECOND = 1_000_000_000n

function standing(): MemoryDisk {
  const disk = new MemoryDisk()
  disk.file('/usr/bin/sh', 'the shell', 0o755)
  disk.file('/usr/bin/tool', '#!/usr/bin/sh\nscript', 0o755)
  disk.file('/usr/lib/libc.so', 'libc')
  disk.file('/etc/ld.so.cache', 'cache')
  disk.now += SECOND
  return disk
}

/** The digest of a tool, as a new process would take it, and how often the loader was asked. */
async function look(disk: MemoryDisk, index: StatIndex): Promise<{ digest: string; asked: number }> {
  let asked = 0
  const librariesOf = (path: string): Promise<string[]> => {
    asked += 1
    return Promise.resolve(path === '/usr/bin/sh' ? ['/usr/lib/libc.so'] : [])
  }
  const { digest } = await fingerprintTool(disk, index, '/usr/bin/tool', librariesOf, statesOnce(disk), [
    '/usr/bin',
  ])
  return { digest, asked }
}

describe('the digest of a tool', () => {
  it('moves with the program that env(1) finds for it', async () => {
    const disk = standing()
    disk.file('/usr/bin/env', 'env', 0o755)
    disk.file('/usr/bin/tool', '#!/usr/bin/env -S sh -e\nscript', 0o755)
    disk.now += SECOND
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await look(disk, index)
    disk.file('/usr/bin/sh', 'THE SHELL', 0o755)
    disk.now += SECOND
    expect((await look(disk, index)).digest).not.toBe(before.digest)
  })

  it.each([
    ['its own bytes', '/usr/bin/tool', '#!/usr/bin/sh\nSCRIPT'],
    ['its interpreter', '/usr/bin/sh', 'THE SHELL'],
    ['a library that the interpreter loads', '/usr/lib/libc.so', 'LIBC'],
  ])('moves with %s', async (_, path, content) => {
    for (const wait of [SECOND, 0n]) {
      const disk = standing()
      // Written just now: an edit in the same tick of the clock must be seen, too.
      if (wait === 0n)
        for (const file of ['/usr/bin/tool', '/usr/bin/sh', '/usr/lib/libc.so']) disk.touch(file)
      const index = new StatIndex(disk, '/index', disk.clock)
      const before = await look(disk, index)
      disk.now += wait
      disk.file(path, content, disk.lstat(path)!.mode)
      if (wait === 0n) disk.now += SECOND
      expect((await look(disk, index)).digest).not.toBe(before.digest)
    }
  })

  it('does not move with times, nor with where the tool lies', async () => {
    const disk = standing()
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await look(disk, index)
    disk.touch('/usr/bin/tool')
    disk.touch('/usr/lib/libc.so')
    disk.now += SECOND
    expect((await look(disk, index)).digest).toBe(before.digest)
    const elsewhere = new StatIndex(disk, '/index', disk.clock)
    disk.file('/opt/tool', '#!/usr/bin/sh\nscript', 0o755)
    const libraries = (path: string): Promise<string[]> =>
      Promise.resolve(path === '/usr/bin/sh' ? ['/usr/lib/libc.so'] : [])
    const { digest } = await fingerprintTool(disk, elsewhere, '/opt/tool', libraries, statesOnce(disk), [])
    expect(digest).toBe(before.digest)
  })

  it('is taken without reading or asking while nothing has moved, and anew when the cache of the loader has', async () => {
    const disk = standing()
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await look(disk, index)
    index.save()
    const reads = disk.reads
    const next = new StatIndex(disk, '/index', disk.clock)
    expect(await look(disk, next)).toEqual({ digest: before.digest, asked: 0 })
    expect(disk.reads).toBe(reads)
    disk.now += SECOND
    disk.touch('/etc/ld.so.cache')
    expect(await look(disk, next)).toEqual({ digest: before.digest, asked: 2 })
  })
})

describe('a tool is found', () => {
  it('in the first directory that has an executable file of that name', () => {
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

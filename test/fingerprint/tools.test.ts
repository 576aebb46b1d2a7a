// Tests that the digest of a tool covers everything that it loads and may read, and nothing else.
import { beforeEach, describe, expect, it } from 'vitest'
import type { AskLoader, LoadedFiles } from '../../src/fingerprint/loader.ts'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import type { Tool } from '../../src/fingerprint/tools.ts'
import { ToolFinder } from '../../src/fingerprint/tools.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { elf } from '../support/elf.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'

const SECOND = 1_000_000_000n
const LOADER = '/lib64/ld.so'

let disk: MemoryDisk
let index: StatIndex
/** What the loader loads, by executable. */
let loaded: Map<string, LoadedFiles>
let loaderCalls: number

beforeEach(() => {
  disk = new MemoryDisk()
  index = new StatIndex(disk, '/index', disk.clock)
  loaded = new Map([['/usr/bin/sh', { libraries: ['/lib/libc.so'], searched: [] }]])
  loaderCalls = 0
  disk.file('/etc/ld.so.cache', 'cache')
  disk.file(LOADER, 'loader', 0o755)
  disk.file('/lib/libc.so', 'libc')
  disk.file('/usr/bin/sh', elf({ loader: LOADER }, 'shell'), 0o755)
  disk.file('/usr/bin/env', elf({ loader: LOADER }, 'env'), 0o755)
  disk.file('/usr/bin/tool', '#!/usr/bin/sh\nscript', 0o755)
  disk.now += SECOND
})

const ask: AskLoader = (_, executable) => {
  loaderCalls += 1
  return Promise.resolve(loaded.get(executable) ?? { libraries: [], searched: [] })
}

/** Finds a tool as a new process does. */
function find(name = 'tool', own: readonly string[] = []): Promise<Tool | undefined> {
  const places = {
    own: own.map((path) => ({ path, label: path.slice(1) })),
    host: ['/usr/local/bin', '/usr/bin'],
  }
  return new ToolFinder(disk, index, places, disk.clock, ask).find(name)
}

const digestOf = async (name?: string, own?: readonly string[]): Promise<string | undefined> =>
  (await find(name, own))?.digest

/** Writes a file, keeping the mode of an existing one. */
function write(path: string, content: string, mode = disk.lstat(path)?.mode ?? 0o755): void {
  disk.file(path, content, mode)
}

describe('the digest of a tool', () => {
  it.each([
    ['its own bytes', '/usr/bin/tool', '#!/usr/bin/sh\nSCRIPT'],
    ['its interpreter', '/usr/bin/sh', elf({ loader: LOADER }, 'SHELL')],
    ['a library that the interpreter loads', '/lib/libc.so', 'LIBC'],
    ['the loader', LOADER, 'LOADER'],
  ])('changes with %s, even in the same tick of the clock', async (_, path, content) => {
    const old = disk.readFile(path).toString('latin1')
    for (const wait of [SECOND, 0n]) {
      write(path, old)
      disk.now += wait
      const before = await digestOf()
      write(path, content)
      disk.now += SECOND
      expect(await digestOf()).not.toBe(before)
    }
  })

  it('covers every interpreter of a chain of interpreters', async () => {
    write('/usr/bin/tool', '#!/usr/bin/one -x\n')
    write('/usr/bin/one', '#! /usr/bin/two\n')
    write('/usr/bin/two', '#!/usr/bin/env sh\n')
    const tool = await find()
    expect(tool?.files).toEqual([
      '/usr/bin/tool',
      '/usr/bin/one',
      '/usr/bin/two',
      '/usr/bin/env',
      '/usr/bin/sh',
      LOADER,
      '/lib/libc.so',
    ])
    disk.now += SECOND
    write('/usr/bin/two', '#!/usr/bin/env sh\n# edited\n')
    expect(await digestOf()).not.toBe(tool?.digest)
  })

  it('ends at a circle of interpreters', async () => {
    write('/usr/bin/tool', '#!/usr/bin/other\n')
    write('/usr/bin/other', '#!/usr/bin/tool\n')
    expect((await find())?.files).toEqual(['/usr/bin/tool', '/usr/bin/other'])
  })

  it('covers the shell that runs a script without an interpreter', async () => {
    write('/usr/bin/tool', 'echo hello\n')
    expect((await find())?.files).toEqual(['/usr/bin/tool'])
    write('/bin/sh', 'shell')
    write('/usr/bin/tool', 'echo hello, world\n')
    expect((await find())?.files).toEqual(['/usr/bin/tool', '/bin/sh'])
  })

  it.each([
    ['the interpreter', '/usr/bin/sh', '/usr/bin/dash', elf({ loader: LOADER }, 'dash')],
    ['a library', '/lib/libc.so', '/lib/libc.so.7', 'libc 7'],
    ['the tool itself', '/usr/bin/tool', '/opt/tool', '#!/usr/bin/sh\n# other'],
  ])('changes when %s becomes a link to another file', async (_, path, target, content) => {
    write(target, content)
    disk.now += SECOND
    const before = await digestOf()
    disk.unlink(path)
    disk.symlink(target, path)
    expect(await digestOf()).not.toBe(before)
    disk.unlink(path)
  })

  it.each([
    ['a link', '/usr/bin/sh', '/usr/bin/dash', '/usr/bin/dash'],
    ['a link to a directory', '/usr/bin', '/opt/bin', '/opt/bin/sh'],
  ])('changes with a file behind %s', async (_, link, target, file) => {
    disk.rename(link, target)
    disk.symlink(target, link)
    disk.now += SECOND
    const before = await digestOf()
    write(file, elf({ loader: LOADER }, 'edited'))
    disk.now += SECOND
    expect(await digestOf()).not.toBe(before)
  })

  it('ignores times and the path of the tool', async () => {
    const before = await digestOf()
    for (const path of ['/usr/bin/tool', '/lib/libc.so']) disk.touch(path)
    disk.now += SECOND
    expect(await digestOf()).toBe(before)
    disk.rename('/usr/bin/tool', '/usr/local/bin/tool')
    expect(await digestOf()).toBe(before)
  })

  it('comes from the index without a read or a call of the loader, until the cache of the loader changes', async () => {
    const before = await digestOf()
    index.save()
    const reads = disk.reads
    loaderCalls = 0
    index = new StatIndex(disk, '/index', disk.clock)
    expect(await digestOf()).toBe(before)
    expect([disk.reads, loaderCalls]).toEqual([reads, 0])
    disk.now += SECOND
    disk.touch('/etc/ld.so.cache')
    expect(await digestOf()).toBe(before)
    expect(loaderCalls).toBe(1)
  })

  it('is that of its listing', async () => {
    const tool = await find()
    const listing = (await tool?.listing()) ?? ''
    expect(sha256(listing)).toBe(tool?.digest)
    expect(listing.split('\n').map((line) => JSON.parse(line)[0])).toEqual(['ld.so', 'libc.so', 'sh', 'tool'])
    expect(tool?.pathOf('libc.so')).toBe('/lib/libc.so')
  })
})

describe('something new that a tool would load instead', () => {
  it.each([
    ['a program before the one that env starts', '#!/usr/bin/env sh\n', '/usr/local/bin/sh'],
    [
      'the same, with options and variables of env',
      "#!/usr/bin/env -S A=1 B='x y' sh -e\n",
      '/usr/local/bin/sh',
    ],
    ['a program in the workspace', '#!/usr/bin/env sh\n', '/own/sh'],
  ])('changes its digest: %s', async (_, script, path) => {
    write('/usr/bin/tool', script)
    disk.mkdir('/own')
    disk.now += SECOND
    const before = await digestOf('tool', ['/own'])
    write(path, elf({ loader: LOADER }, 'another'))
    disk.now += SECOND
    const after = await find('tool', ['/own'])
    expect(after?.files).toContain(path)
    expect(after?.digest).not.toBe(before)
  })

  it('changes its digest if a program that could not be started becomes executable', async () => {
    write('/usr/bin/tool', '#!/usr/bin/env sh\n')
    write('/usr/local/bin/sh', elf({ loader: LOADER }, 'another'), 0o644)
    disk.now += SECOND
    const before = await digestOf()
    disk.now += SECOND
    disk.chmod('/usr/local/bin/sh', 0o755)
    expect(await digestOf()).not.toBe(before)
  })

  it('changes its digest if it is a library in a directory that the loader searches first', async () => {
    loaded.set('/usr/bin/sh', { libraries: ['/lib/libc.so'], searched: ['/opt/hwcaps', '/opt/lib'] })
    disk.mkdir('/opt/lib')
    disk.now += SECOND
    for (const path of ['/opt/lib/libc.so', '/opt/hwcaps/libc.so']) {
      const before = await digestOf()
      disk.now += SECOND
      write(path, `libc in ${path}`)
      disk.touch(path.slice(0, path.lastIndexOf('/')))
      disk.now += SECOND
      loaded.set('/usr/bin/sh', { libraries: [path], searched: ['/opt/hwcaps', '/opt/lib'] })
      expect(await digestOf()).not.toBe(before)
    }
  })

  it('is found if another toolPath shares the index', async () => {
    write('/usr/bin/tool', '#!/usr/bin/env sh\n')
    write('/own/sh', elf({ loader: LOADER }, 'another'))
    disk.now += SECOND
    const before = await digestOf()
    expect(await digestOf('tool', ['/own'])).not.toBe(before)
    expect(await digestOf()).toBe(before)
  })
})

describe('the states of a tool', () => {
  const OWN = ['/own']

  beforeEach(() => {
    disk.file('/own/tool', '#!/usr/bin/sh\n', 0o755)
    disk.file('/own/other', '#!/usr/bin/sh\n', 0o755)
    disk.file('/own/words.txt', 'words')
    disk.file('/own/data/deep/words.txt', 'words')
    disk.now += SECOND
  })

  it.each(['/own/tool', '/own/words.txt', '/own/data/deep/words.txt', '/lib/libc.so'])(
    'show an edit that was undone: %s',
    async (path) => {
      const before = await find('tool', OWN)
      const content = disk.readFile(path).toString('latin1')
      for (const text of ['edited', content]) {
        disk.now += SECOND
        write(path, text)
      }
      const after = await find('tool', OWN)
      expect(after?.digest).toBe(before?.digest)
      expect(after?.states).not.toBe(before?.states)
    },
  )

  it('ignore another program beside it', async () => {
    const before = await find('tool', OWN)
    write('/own/other', '#!/usr/bin/sh\n# edited\n')
    disk.now += SECOND
    const after = await find('tool', OWN)
    expect([after?.digest, after?.states]).toEqual([before?.digest, before?.states])
    expect(after?.shown).toEqual(['/own/data', '/own/tool', '/own/words.txt'])
  })

  it('and its digest change when a program beside it becomes a file that it may read', async () => {
    const before = await find('tool', OWN)
    disk.now += SECOND
    write('/own/other', 'no program', 0o755)
    const after = await find('tool', OWN)
    expect(after?.digest).not.toBe(before?.digest)
    expect(after?.shown).toContain('/own/other')
  })
})

describe('a tool', () => {
  it('is located in the first directory that has an executable file of its name', () => {
    disk.file('/a/tool', 'not executable')
    disk.mkdir('/b/tool')
    disk.symlink('/none', '/c/tool')
    disk.file('/e/real', 'x', 0o755)
    disk.symlink('../e/real', '/d/tool')
    const places = { own: [], host: ['/none', '/a', '/b', '/c', '/d', '/usr/bin'] }
    const finder = new ToolFinder(disk, index, places, disk.clock, ask)
    expect(finder.locate('tool')).toBe('/d/tool')
    expect(finder.locate('none')).toBeUndefined()
  })

  it.each([
    ['names a missing interpreter', '#!/usr/bin/nosh\n', 'its interpreter is missing'],
    ['has env start a missing program', '#!/usr/bin/env nosh\n', 'its interpreter is missing'],
    ['has an interpreter with such a line', '#!/usr/bin/broken\n', 'ends with a carriage return'],
  ])('that %s is refused', async (_, script, problem) => {
    write('/usr/bin/broken', '#!/bin/sh\r\n')
    write('/usr/bin/tool', script)
    await expect(find()).rejects.toThrow(problem)
  })
})

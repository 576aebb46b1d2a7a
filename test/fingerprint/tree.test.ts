// Tests that the digest of a tree covers names, types, contents and executable bits, and nothing else.
import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseListing, serializeListing, fingerprintTree } from '../../src/fingerprint/tree.ts'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import { toRawPath } from '../../src/platform/rawPath.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { Failure } from '../../src/platform/failure.ts'
import { treeChanges } from '../../src/diff/treeChanges.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const SECOND = 1_000_000_000n

/** A tree in `/t` that has not changed for a while. */
function diskWithTree(disk = new MemoryDisk()): MemoryDisk {
  disk.file('/t/a', 'first')
  disk.file('/t/b', 'second')
  disk.file('/t/sub/c', 'third')
  disk.file('/t/tool', 'fourth', 0o755)
  disk.symlink('a', '/t/link')
  disk.mkdir('/t/empty')
  disk.now += SECOND
  return disk
}

const digestOf = async (
  disk: MemoryDisk,
  index = new StatIndex(disk, '/index', disk.clock),
): Promise<string> => (await fingerprintTree(disk, index, '/t', disk.clock)).digest

describe('the digest of a tree changes with', () => {
  const changes: Record<string, (disk: MemoryDisk) => void> = {
    'other content of the same size': (disk) => disk.file('/t/a', 'FIRST'),
    'an added file': (disk) => disk.file('/t/z', ''),
    'a removed file': (disk) => disk.unlink('/t/b'),
    'a renamed file': (disk) => disk.rename('/t/b', '/t/bb'),
    'two swapped files': (disk) => {
      disk.rename('/t/a', '/t/x')
      disk.rename('/t/b', '/t/a')
      disk.rename('/t/x', '/t/b')
    },
    'bytes that move from one file to the next': (disk) => {
      disk.file('/t/a', 'firstsec')
      disk.file('/t/b', 'ond')
    },
    'an executable bit': (disk) => disk.chmod('/t/a', 0o755),
    'the target of a link': (disk) => {
      disk.unlink('/t/link')
      disk.symlink('b', '/t/link')
    },
    'a link in place of a file': (disk) => {
      disk.unlink('/t/a')
      disk.symlink('first', '/t/a')
    },
    'a file in place of an empty directory': (disk) => {
      disk.removeTree('/t/empty')
      disk.file('/t/empty', '')
    },
    'an added empty directory': (disk) => disk.mkdir('/t/sub/empty'),
    'a removed empty directory': (disk) => disk.removeTree('/t/empty'),
    'a renamed directory': (disk) => disk.rename('/t/sub', '/t/sup'),
    'a file moved to the parent directory': (disk) => disk.rename('/t/sub/c', '/t/c'),
  }

  it.each(Object.entries(changes))(
    '%s, and is the same again after the change is reverted',
    async (_, change) => {
      const disk = diskWithTree()
      const index = new StatIndex(disk, '/index', disk.clock)
      const before = await digestOf(disk, index)
      change(disk)
      disk.now += SECOND
      const after = await digestOf(disk, index)
      expect(after).not.toBe(before)
      // A new index gives the same digest.
      expect(await digestOf(disk)).toBe(after)
      disk.removeTree('/t')
      diskWithTree(disk)
      expect(await digestOf(disk, index)).toBe(before)
    },
  )
})

describe('the digest of a tree ignores', () => {
  const neutral: Record<string, (disk: MemoryDisk) => void> = {
    'a touch of every entry': (disk) =>
      ['/t', '/t/a', '/t/b', '/t/sub/c', '/t/link', '/t/empty'].forEach((path) => disk.touch(path)),
    'permissions of group and others': (disk) => {
      disk.chmod('/t/tool', 0o700)
      disk.chmod('/t/sub/c', 0o655)
      disk.chmod('/t/a', 0o600)
      disk.chmod('/t/b', 0o666)
      disk.chmod('/t/sub', 0o700)
    },
    'a write of the same content': (disk) => disk.file('/t/a', 'first'),
    'a copy in place of a file': (disk) => {
      disk.unlink('/t/a')
      disk.file('/t/a', 'first')
    },
    'times in the past or future': (disk) => {
      disk.setModified('/t/a', 0n)
      disk.setModified('/t/b', disk.now + 1000n * SECOND)
    },
  }
  it.each(Object.entries(neutral))('%s', async (_, change) => {
    const disk = diskWithTree()
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await digestOf(disk, index)
    disk.now += SECOND
    change(disk)
    disk.now += SECOND
    expect(await digestOf(disk, index)).toBe(before)
    expect(await digestOf(disk)).toBe(before)
  })

  it('the path of the tree', async () => {
    const disk = diskWithTree()
    const before = await digestOf(disk)
    disk.rename('/t', '/u')
    const index = new StatIndex(disk, '/index', disk.clock)
    expect((await fingerprintTree(disk, index, '/u', disk.clock)).digest).toBe(before)
  })
})

describe('a tree on a real disk', () => {
  const real = (root: string) =>
    fingerprintTree(realDisk, new StatIndex(realDisk, `${root}.index`, () => 0n), toRawPath(root), () => 0n)

  it('distinguishes names with spaces, newlines, quotes and bytes that are not UTF-8', async () => {
    const root = temporaryDirectory()
    const names = ['a b', 'a\nb', 'a"b', '__proto__', '10', '9', 'é']
    for (const name of names) writeFileSync(`${root}/${name}`, name)
    const bytes = [Buffer.from([0xff]), Buffer.from([0xfe]), Buffer.from([0xc3])]
    for (const name of bytes) writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'x')
    const tree = await real(root)
    const listing = parseListing(await tree.listing())
    const expected = [...names.map(toRawPath), ...bytes.map((name) => name.toString('latin1'))].sort()
    expect(listing.slice(1).map(([path]) => path)).toEqual(expected)
    expect(parseListing(serializeListing(listing))).toEqual(listing)
    expect(tree.digest).toBe(sha256(serializeListing(listing)))
  })

  it('lists dangling and circular links as links, and follows none', async () => {
    const root = temporaryDirectory()
    for (const [target, name] of [
      ['nowhere', 'dangling'],
      ['/etc', 'out'],
      ['..', 'up'],
    ] as const)
      symlinkSync(target, `${root}/${name}`)
    expect(parseListing(await (await real(root)).listing())).toEqual([
      ['', 'directory'],
      ['dangling', 'symlink', 'nowhere'],
      ['out', 'symlink', '/etc'],
      ['up', 'symlink', '..'],
    ])
  })

  it('is rejected with exit code 2 if it contains a pipe; the error names the pipe', async () => {
    const root = temporaryDirectory()
    mkdirSync(`${root}/run`)
    execFileSync('mkfifo', [`${root}/run/a pipe`])
    const failure = await real(root).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Failure)
    expect(failure).toMatchObject({
      exitCode: 2,
      headline: expect.stringContaining(`${root}/run/a pipe`),
    })
  })
})

describe('fails with exit code 2 and names the path if lbuild may not', () => {
  it.each([
    ['read /t/sub', '/t/sub'],
    ['search /t/sub', '/t/sub'],
    ['read /t/a', '/t/a'],
  ])('%s', async (forbidden, named) => {
    for (const code of ['EACCES', 'EIO']) {
      const disk = diskWithTree()
      disk.forbidden.set(forbidden, code)
      const failure = await digestOf(disk).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Failure)
      expect(failure).toMatchObject({
        exitCode: 2,
        facts: [['reason', code]],
        headline: expect.stringContaining(named),
      })
    }
  })
})

describe('a listing', () => {
  it('matches the digest although the tree has changed since', async () => {
    const disk = diskWithTree()
    const index = new StatIndex(disk, '/index', disk.clock)
    await digestOf(disk, index)
    const tree = await fingerprintTree(disk, index, '/t', disk.clock)
    const early = parseListing(await tree.listing())
    disk.file('/t/a', 'FIRST')
    expect(serializeListing(parseListing(await tree.listing()))).toBe(serializeListing(early))
    expect(sha256(serializeListing(early))).toBe(tree.digest)
  })
})

describe('for any two trees', () => {
  type Model = ReadonlyMap<
    string,
    readonly [kind: 'file' | 'executable' | 'link' | 'directory', content: string]
  >

  // Few names and contents, so that two trees are often equal and often differ in one entry.
  const name = fc.constantFrom('a', 'b', 'ab', 'a b', '\n', '"', '\u00ff', '10')
  const path = fc.oneof(
    name,
    fc.tuple(name, name).map((parts) => parts.join('/')),
  )
  const entry = fc.tuple(
    fc.constantFrom('file', 'executable', 'link', 'directory'),
    fc.constantFrom('x', 'y', 'xy'),
  )
  const anyTree = fc.array(fc.tuple(path, entry), { maxLength: 5 }).map((entries): Model => {
    const model = new Map<string, readonly ['file' | 'executable' | 'link' | 'directory', string]>()
    for (const [at, [kind, content]] of entries) {
      const above = at.includes('/') ? at.split('/')[0]! : undefined
      if (model.has(at) || [...model.keys()].some((other) => other.startsWith(`${at}/`))) continue
      if (above !== undefined && model.has(above) && model.get(above)![0] !== 'directory') continue
      if (above !== undefined) model.set(above, ['directory', ''])
      model.set(at, [kind, kind === 'directory' ? '' : content])
    }
    return model
  })

  function diskOf(model: Model): MemoryDisk {
    const disk = new MemoryDisk()
    disk.mkdir('/t')
    for (const [at, [kind, content]] of model)
      if (kind === 'directory') disk.mkdir(`/t/${at}`)
      else if (kind === 'link') disk.symlink(content, `/t/${at}`)
      else disk.file(`/t/${at}`, content, kind === 'file' ? 0o644 : 0o755)
    return disk
  }

  const textOf = (model: Model): string => JSON.stringify([...model].sort(([a], [b]) => (a < b ? -1 : 1)))

  it('the digests are equal if and only if the trees are, and the changes are exactly the differing entries', async () => {
    await fc.assert(
      fc.asyncProperty(anyTree, anyTree, async (one, two) => {
        const [first, second] = [diskOf(one), diskOf(two)]
        const trees = [first, second].map((disk) =>
          fingerprintTree(disk, new StatIndex(disk, '/index', disk.clock), '/t', disk.clock),
        )
        const [a, b] = await Promise.all(trees)
        expect(a!.digest === b!.digest).toBe(textOf(one) === textOf(two))
        const paths = new Set([...one.keys(), ...two.keys()])
        const differing = [...paths].filter((at) => String(one.get(at)) !== String(two.get(at))).sort()
        const changes = treeChanges(await a!.listing(), await b!.listing())
        expect(changes.map((change) => change.path)).toEqual(differing)
      }),
      { numRuns: 500 },
    )
  })
})

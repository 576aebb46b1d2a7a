import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseListing, serializeListing, fingerprintTree } from '../../src/fingerprint/tree.ts'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import { toBytes } from '../../src/platform/bytes.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { Failure } from '../../src/platform/failure.ts'
import { treeChanges } from '../../src/diff/treeChanges.ts'
import { MemoryDisk } from '../support/memoryDisk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const SECOND = 1_000_000_000n

/** A tree that has stood still for a while. */
function standing(disk = new MemoryDisk()): MemoryDisk {
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

describe('a change of a tree moves its digest', () => {
  const changes: Record<string, (disk: MemoryDisk) => void> = {
    'content of the same size': (disk) => disk.file('/t/a', 'FIRST'),
    'a file more': (disk) => disk.file('/t/z', ''),
    'a file less': (disk) => disk.unlink('/t/b'),
    'a file renamed': (disk) => disk.rename('/t/b', '/t/bb'),
    'two files swapped': (disk) => {
      disk.rename('/t/a', '/t/x')
      disk.rename('/t/b', '/t/a')
      disk.rename('/t/x', '/t/b')
    },
    'bytes moved from one file to the next': (disk) => {
      disk.file('/t/a', 'firstsec')
      disk.file('/t/b', 'ond')
    },
    'a file made executable': (disk) => disk.chmod('/t/a', 0o755),
    'a link with another target': (disk) => {
      disk.unlink('/t/link')
      disk.symlink('b', '/t/link')
    },
    'a link in the place of a file': (disk) => {
      disk.unlink('/t/a')
      disk.symlink('first', '/t/a')
    },
    'a file in the place of an empty directory': (disk) => {
      disk.removeTree('/t/empty')
      disk.file('/t/empty', '')
    },
    'an empty directory more': (disk) => disk.mkdir('/t/sub/empty'),
    'an empty directory less': (disk) => disk.removeTree('/t/empty'),
    'a directory renamed': (disk) => disk.rename('/t/sub', '/t/sup'),
    'a file moved up': (disk) => disk.rename('/t/sub/c', '/t/c'),
  }

  it.each(Object.entries(changes))('%s, and back again', async (_, change) => {
    const disk = standing()
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await digestOf(disk, index)
    change(disk)
    disk.now += SECOND
    const after = await digestOf(disk, index)
    expect(after).not.toBe(before)
    // What the index remembers makes no difference.
    expect(await digestOf(disk)).toBe(after)
    disk.removeTree('/t')
    standing(disk)
    expect(await digestOf(disk, index)).toBe(before)
  })
})

describe('what says nothing about a tree does not move its digest', () => {
  const same: Record<string, (disk: MemoryDisk) => void> = {
    'touching everything': (disk) =>
      ['/t', '/t/a', '/t/b', '/t/sub/c', '/t/link', '/t/empty'].forEach((path) => disk.touch(path)),
    'bits of the group and of others': (disk) => {
      disk.chmod('/t/tool', 0o700)
      disk.chmod('/t/sub/c', 0o655)
      disk.chmod('/t/a', 0o600)
      disk.chmod('/t/b', 0o666)
      disk.chmod('/t/sub', 0o700)
    },
    'writing the same content': (disk) => disk.file('/t/a', 'first'),
    'a copy in the place of a file': (disk) => {
      disk.unlink('/t/a')
      disk.file('/t/a', 'first')
    },
    'a time in the past or in the future': (disk) => {
      disk.setModified('/t/a', 0n)
      disk.setModified('/t/b', disk.now + 1000n * SECOND)
    },
  }
  it.each(Object.entries(same))('%s', async (_, change) => {
    const disk = standing()
    const index = new StatIndex(disk, '/index', disk.clock)
    const before = await digestOf(disk, index)
    disk.now += SECOND
    change(disk)
    disk.now += SECOND
    expect(await digestOf(disk, index)).toBe(before)
    expect(await digestOf(disk)).toBe(before)
  })

  it('where it lies', async () => {
    const disk = standing()
    const before = await digestOf(disk)
    disk.rename('/t', '/u')
    const index = new StatIndex(disk, '/index', disk.clock)
    expect((await fingerprintTree(disk, index, '/u', disk.clock)).digest).toBe(before)
  })
})

describe('a tree as it is on a real disk', () => {
  const real = (root: string) =>
    fingerprintTree(realDisk, new StatIndex(realDisk, `${root}.index`, () => 0n), toBytes(root), () => 0n)

  it('names with spaces, newlines, quotes and bytes that are not UTF-8 are told apart', async () => {
    const root = temporaryDirectory()
    const names = ['a b', 'a\nb', 'a"b', '__proto__', '10', '9', 'é']
    for (const name of names) writeFileSync(`${root}/${name}`, name)
    const bytes = [Buffer.from([0xff]), Buffer.from([0xfe]), Buffer.from([0xc3])]
    for (const name of bytes) writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'x')
    const tree = await real(root)
    const listing = parseListing(await tree.listing())
    const expected = [...names.map(toBytes), ...bytes.map((name) => name.toString('latin1'))].sort()
    expect(listing.slice(1).map(([path]) => path)).toEqual(expected)
    expect(parseListing(serializeListing(listing))).toEqual(listing)
    expect(tree.digest).toBe(sha256(serializeListing(listing)))
  })

  it('dangling and circular links are links, and nothing is followed', async () => {
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

  it('a pipe in it is an error that names it (exit code 2)', async () => {
    const root = temporaryDirectory()
    mkdirSync(`${root}/run`)
    execFileSync('mkfifo', [`${root}/run/a pipe`])
    const failure = await real(root).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Failure)
    expect(failure).toMatchObject({ exitCode: 2 })
    expect((failure as Failure).headline).toContain(`${root}/run/a pipe`)
  })
})

describe('what cannot be read is an error that names it (exit code 2)', () => {
  it.each([
    ['read /t/sub', '/t/sub'],
    ['search /t/sub', '/t/sub'],
    ['read /t/a', '/t/a'],
  ])('%s', async (forbidden, named) => {
    for (const code of ['EACCES', 'EIO']) {
      const disk = standing()
      disk.forbidden.set(forbidden, code)
      const failure = await digestOf(disk).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Failure)
      expect(failure).toMatchObject({ exitCode: 2, facts: [['reason', code]] })
      expect((failure as Failure).headline).toContain(named)
    }
  })
})

describe('a listing that is asked for later', () => {
  it('is the one that the digest is of, though the tree has moved on', async () => {
    const disk = standing()
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

  // Few names and contents, so that trees are often equal and often differ in one thing.
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

  it('the digests are equal exactly when the trees are, and the changes between them are the difference', async () => {
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

describe('changes between two trees are told by kind', () => {
  it('each in its word, in order', () => {
    const [one, two] = [sha256('1'), sha256('2')]
    const before = [
      ['', 'directory'],
      ['a', 'file', one],
      ['b', 'file', one],
      ['c', 'executable', one],
      ['d', 'symlink', 'x'],
      ['e', 'file', one],
      ['f', 'file', one],
      ['same', 'file', one],
    ] as const
    const now = [
      ['', 'directory'],
      ['0', 'file', one],
      ['a', 'executable', two],
      ['b', 'executable', one],
      ['c', 'file', one],
      ['d', 'symlink', 'y'],
      ['e', 'directory'],
      ['same', 'file', one],
    ] as const
    expect(
      treeChanges(serializeListing(before), serializeListing(now)).map(
        ({ path, change }) => `${path}: ${change}`,
      ),
    ).toEqual([
      '0: added',
      'a: content',
      'b: made executable',
      'c: no longer executable',
      'd: link target',
      'e: type',
      'f: removed',
    ])
  })
})

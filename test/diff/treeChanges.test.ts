// Tests how the changes between two listings of trees are named.
import { expect, it } from 'vitest'
import { treeChanges } from '../../src/diff/treeChanges.ts'
import { serializeListing } from '../../src/fingerprint/tree.ts'
import { sha256 } from '../../src/platform/digest.ts'

it('names each change by its kind, sorted by path', () => {
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

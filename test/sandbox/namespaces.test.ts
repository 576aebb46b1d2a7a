// Tests which ids of the host producers of root use.
import { expect, it } from 'vitest'
import { rangesOfRoot } from '../../src/sandbox/namespaces.ts'

it('root of a host maps ids that no user and no container has', () => {
  expect(rangesOfRoot('         0          0 4294967295\n')).toEqual([[0, 0x7000_0000, 65_536]])
})

it.each([
  [
    '0 100000 65536\n',
    [
      [0, 65_535, 1],
      [1, 1, 65_534],
    ],
  ],
  [
    '0 1000 1\n1 100000 65536\n',
    [
      [0, 65_536, 1],
      [1, 1, 65_535],
    ],
  ],
  [
    '0 200000 131072\n',
    [
      [0, 131_071, 1],
      [1, 1, 65_535],
    ],
  ],
])('root of a container with the ids %j maps its last id to user 0, and never itself', (own, ranges) => {
  expect(rangesOfRoot(own)).toEqual(ranges)
})

it('root of a container with too few ids cannot run producers in the sandbox', () => {
  expect(rangesOfRoot('0 1000 1\n')).toBeUndefined()
})

// Tests that the first differing member of two tars is found, with all its differing aspects.
import * as fc from 'fast-check'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import type { Header } from 'tar-stream'
import { describe, expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import type { ComparedMember } from '../../src/diff/tarDifference.ts'
import { memberDifference, tarDifference } from '../../src/diff/tarDifference.ts'
import { filePair } from './support/filePair.ts'

type Entry = Partial<Header> & { name: string; content?: string }

const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
  name,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: new Date(1_767_225_600_000),
  content: 'content',
  ...more,
})

async function tar(...entries: readonly Entry[]): Promise<Buffer> {
  const packing = pack()
  for (const { content = '', ...header } of entries)
    packing.entry(header, header.type === undefined ? content : '')
  packing.finalize()
  return buffer(packing)
}

const tarPair = async (before: readonly Entry[], now: readonly Entry[]): Promise<[string, string]> =>
  filePair(await tar(...before), await tar(...now))

describe('the difference of two tars', () => {
  const link = (linkname: string): Entry => entry('b', { type: 'symlink', linkname, content: '' })
  const cases: readonly [string, Entry, Entry, string, string][] = [
    [
      'content',
      entry('b', { content: 'one' }),
      entry('b', { content: 'two' }),
      '3 bytes, sha256 ',
      '3 bytes, sha256 ',
    ],
    ['mode', entry('b', { mode: 0o4755 }), entry('b', { mode: 0o755 }), '4755', '0755'],
    ['owner', entry('b', { uid: 5 }), entry('b', { uid: 5, gid: 7 }), '5:0', '5:7'],
    ['owner', entry('b', { uname: 'root' }), entry('b', { uname: 'admin' }), '0:0 (root:)', '0:0 (admin:)'],
    ['mtime', entry('b'), entry('b', { mtime: new Date(1_767_225_601_000) }), '1767225600', '1767225601'],
    ['mtime', entry('b'), entry('b', { pax: { mtime: '1767225600.5' } }), '1767225600', '1767225600.5'],
    ['link target', link('there'), link('elsewhere'), 'there', 'elsewhere'],
    [
      'extended attributes',
      entry('b', { pax: { 'SCHILY.xattr.user.a': 'x' } }),
      entry('b'),
      'SCHILY.xattr.user.a=x',
      'none',
    ],
    [
      'device',
      entry('b', { type: 'character-device', devmajor: 1, devminor: 3 }),
      entry('b', { type: 'character-device', devmajor: 1, devminor: 5 }),
      '1:3',
      '1:5',
    ],
  ]
  it.each(cases)('names the %s of a member', async (aspect, old, changed, before, now) => {
    const files = await tarPair([entry('a'), old, entry('c')], [entry('a'), changed, entry('c', { mode: 0 })])
    const difference = await tarDifference(realDisk, ...files)
    expect(difference).toMatchObject({ member: 'b', aspects: [{ aspect }] })
    expect(difference!.aspects[0]!.before).toContain(before)
    expect(difference!.aspects[0]!.now).toContain(now)
  })

  it('names all differing aspects of a member', async () => {
    const files = await tarPair([entry('a')], [entry('a', { mode: 0o600, uid: 1, content: 'x' })])
    const { aspects } = (await tarDifference(realDisk, ...files))!
    expect(aspects.map(({ aspect }) => aspect)).toEqual(['content', 'mode', 'owner'])
  })

  it.each([
    ['is removed', ['a', 'b', 'c'], ['a', 'c'], 'b', 'presence', 'present', 'absent'],
    ['is added', ['a', 'c'], ['a', 'b', 'c'], 'b', 'presence', 'absent', 'present'],
    ['is removed at the end', ['a', 'b'], ['a'], 'b', 'presence', 'present', 'absent'],
    ['is replaced', ['a', 'b'], ['a', 'x'], 'b', 'presence', 'present', 'absent'],
    ['moved', ['a', 'b', 'c'], ['a', 'c', 'b'], 'b', 'order', 'b', 'c'],
    ['is added twice', ['a', 'b'], ['a', 'b', 'b'], 'b', 'presence', 'absent', 'present'],
  ] as const)('names a member that %s', async (_, before, now, member, aspect, was, is) => {
    const files = await tarPair(
      before.map((name) => entry(name)),
      now.map((name) => entry(name)),
    )
    expect(await tarDifference(realDisk, ...files)).toEqual({
      member,
      aspects: [{ aspect, before: was, now: is }],
    })
  })

  it('is undefined for equal members, and for a file that is truncated, damaged or not a tar', async () => {
    const complete = await tar(entry('a'), entry('b', { content: 'x'.repeat(2000) }))
    const padded = Buffer.concat([complete, Buffer.alloc(512)])
    expect(await tarDifference(realDisk, ...filePair(complete, padded))).toBeUndefined()
    expect(await tarDifference(realDisk, ...filePair(complete, complete.subarray(0, 1500)))).toBeUndefined()
    expect(await tarDifference(realDisk, ...filePair(complete, 'no tar'))).toBeUndefined()
    const damaged = Buffer.from(complete)
    damaged[10]! ^= 1
    expect(await tarDifference(realDisk, ...filePair(complete, damaged))).toBeUndefined()
  })

  it('is the first member in which the two lists differ', () => {
    const member = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      aspects: fc.record({ mode: fc.constantFrom('0644', '0755') }),
    })
    const list: fc.Arbitrary<readonly ComparedMember[]> = fc.array(member, { maxLength: 5 })
    fc.assert(
      fc.property(list, list, (before, now) => {
        const found = memberDifference(before, now)
        const text = (one: ComparedMember | undefined): string => JSON.stringify(one)
        const common = before.findIndex((one, at) => text(one) !== text(now[at]))
        const first = common < 0 ? before.length : common
        if (first === before.length && first === now.length) expect(found).toBeUndefined()
        else expect([before[first]?.name, now[first]?.name]).toContain(found!.member)
      }),
    )
  })
})

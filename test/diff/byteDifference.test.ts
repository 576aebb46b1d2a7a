import * as fs from 'node:fs'
import * as fc from 'fast-check'
import { pack } from 'tar-stream'
import type { Header } from 'tar-stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import type { ByteDifference } from '../../src/diff/byteDifference.ts'
import { byteDifference } from '../../src/diff/byteDifference.ts'
import type { ComparedMember } from '../../src/diff/tarDifference.ts'
import { memberDifference, tarDifference } from '../../src/diff/tarDifference.ts'
import { temporaryDirectory } from '../support/temporary.ts'

// The first place where two files differ.

function pair(before: string | Uint8Array, now: string | Uint8Array): [string, string] {
  const root = temporaryDirectory()
  fs.writeFileSync(`${root}/before`, before)
  fs.writeFileSync(`${root}/now`, now)
  return [`${root}/before`, `${root}/now`]
}

/** The definition, with both files in memory. */
function naive(before: Uint8Array, now: Uint8Array): ByteDifference | undefined {
  const end = Math.max(before.length, now.length)
  const differs = Array.from({ length: end }, (_, at) => before[at] !== now[at])
  const offset = differs.indexOf(true)
  if (offset < 0) return undefined
  const text = differs
    .slice(offset)
    .map((one) => (one ? 'x' : '.'))
    .join('')
  const run = /^.*?x(?=\.{16}|\.*$)/.exec(text)![0]
  const hex = (content: Uint8Array): string =>
    Buffer.from(content.subarray(offset, offset + 16)).toString('hex')
  return {
    offset,
    length: run.length,
    sizes: [before.length, now.length],
    before: hex(before),
    now: hex(now),
  }
}

describe('the bytes', () => {
  it('are compared as their definition says, however they are read', () => {
    const root = temporaryDirectory()
    const edits = fc.array(fc.tuple(fc.nat(99), fc.constantFrom(0, 1)), { maxLength: 6 })
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.nat(100),
        edits,
        fc.integer({ min: 1, max: 40 }),
        (one, other, edited, chunk) => {
          const before = new Uint8Array(one)
          const now = new Uint8Array(other)
          for (const [at, value] of edited) if (at < other) now[at] = value
          fs.writeFileSync(`${root}/before`, before)
          fs.writeFileSync(`${root}/now`, now)
          expect(byteDifference(realDisk, `${root}/before`, `${root}/now`, chunk)).toEqual(naive(before, now))
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('of a short file that is the beginning of a long one differ at its end', () => {
    expect(byteDifference(realDisk, ...pair('abc', 'abcdef'))).toEqual({
      offset: 3,
      length: 3,
      sizes: [3, 6],
      before: '',
      now: '646566',
    })
  })

  it('of equal files do not', () => {
    expect(byteDifference(realDisk, ...pair('abc', 'abc'))).toBeUndefined()
    expect(byteDifference(realDisk, ...pair('', ''))).toBeUndefined()
  })
})

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
  pair(await tar(...before), await tar(...now))

describe('two tars', () => {
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
  it.each(cases)('differ in the %s of a member', async (aspect, old, young, before, now) => {
    const files = await tarPair([entry('a'), old, entry('c')], [entry('a'), young, entry('c', { mode: 0 })])
    const difference = await tarDifference(realDisk, ...files)
    expect(difference).toMatchObject({ member: 'b', aspects: [{ aspect }] })
    expect(difference!.aspects[0]!.before).toContain(before)
    expect(difference!.aspects[0]!.now).toContain(now)
  })

  it('differ in all of a member that differs in more than one', async () => {
    const files = await tarPair([entry('a')], [entry('a', { mode: 0o600, uid: 1, content: 'x' })])
    const { aspects } = (await tarDifference(realDisk, ...files))!
    expect(aspects.map(({ aspect }) => aspect)).toEqual(['content', 'mode', 'owner'])
  })

  it.each([
    ['is missing now', ['a', 'b', 'c'], ['a', 'c'], 'b', 'presence', 'present', 'absent'],
    ['is new', ['a', 'c'], ['a', 'b', 'c'], 'b', 'presence', 'absent', 'present'],
    ['is missing at the end', ['a', 'b'], ['a'], 'b', 'presence', 'present', 'absent'],
    ['is another', ['a', 'b'], ['a', 'x'], 'b', 'presence', 'present', 'absent'],
    ['moved', ['a', 'b', 'c'], ['a', 'c', 'b'], 'b', 'order', 'b', 'c'],
    ['is there twice', ['a', 'b'], ['a', 'b', 'b'], 'b', 'presence', 'absent', 'present'],
  ] as const)('of which a member %s', async (_, before, now, member, aspect, was, is) => {
    const files = await tarPair(
      before.map((name) => entry(name)),
      now.map((name) => entry(name)),
    )
    expect(await tarDifference(realDisk, ...files)).toEqual({
      member,
      aspects: [{ aspect, before: was, now: is }],
    })
  })

  it('with the same members do not differ as tars, nor does what is no tar or is broken', async () => {
    const whole = await tar(entry('a'), entry('b', { content: 'x'.repeat(2000) }))
    const padded = Buffer.concat([whole, Buffer.alloc(512)])
    expect(await tarDifference(realDisk, ...pair(whole, padded))).toBeUndefined()
    expect(await tarDifference(realDisk, ...pair(whole, whole.subarray(0, 1500)))).toBeUndefined()
    expect(await tarDifference(realDisk, ...pair(whole, 'no tar'))).toBeUndefined()
    const broken = Buffer.from(whole)
    broken[10]! ^= 1
    expect(await tarDifference(realDisk, ...pair(whole, broken))).toBeUndefined()
  })

  it('of any members differ just if their lists do, at the end of what they have in common', () => {
    const member = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      aspects: fc.record({ mode: fc.constantFrom('0644', '0755') }),
    })
    const list = fc.array(member, { maxLength: 5 }) as fc.Arbitrary<readonly ComparedMember[]>
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

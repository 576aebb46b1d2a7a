// Compares what a store retains with an oracle that counts everything again at every step.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import type { HeldRecord, Holdings, Limits } from '../../src/store/retention.ts'
import { objectsOf, retain } from '../../src/store/retention.ts'

const ARTIFACTS = ['base', 'rootfs', 'image', 'gone']
const DISTRO = new Set(['base', 'rootfs', 'image'])
const DIGESTS = [...'abcdefghijkl'].map((letter) => sha256(letter))
const KEYS = new Map([...'123456789'].map((number) => [sha256(number), number]))

const record = (artifact: string, key: string, more: Partial<HeldRecord> = {}): HeldRecord => ({
  artifact,
  key: sha256(key),
  publishedAt: 0n,
  latest: false,
  outputs: [],
  inputs: [],
  describingObjects: [],
  ...more,
})

const digest = fc.constantFrom(...DIGESTS)

/** Records of artifacts that depend on each other, with times in any order. */
const holdings: fc.Arbitrary<Holdings> = fc
  .record({
    records: fc.uniqueArray(
      fc.record({
        artifact: fc.constantFrom(...ARTIFACTS),
        key: fc.constantFrom(...KEYS.keys()),
        publishedAt: fc.bigInt(0n, 9n),
        outputs: fc.array(digest, { maxLength: 2 }),
        inputs: fc.array(
          fc.record({ artifact: fc.constantFrom('base', 'rootfs'), sha256: digest, output: fc.nat(1) }),
          { maxLength: 2 },
        ),
        describingObjects: fc.array(digest, { maxLength: 1 }),
      }),
      { selector: ({ artifact, key }) => `${artifact} ${key}`, maxLength: 25 },
    ),
    latest: fc.dictionary(fc.constantFrom(...ARTIFACTS), fc.constantFrom(...KEYS.keys())),
    sizes: fc.array(fc.tuple(digest, fc.nat(9))),
    pinned: fc.array(digest, { maxLength: 2 }),
  })
  .map(({ records, latest, sizes, pinned }) => ({
    records: records.map(({ outputs, inputs, ...rest }) => ({
      ...rest,
      latest: latest[rest.artifact] === rest.key,
      outputs: outputs.map((sha256, at) => ({ output: `${rest.artifact}.${at}`, sha256 })),
      inputs: inputs.map(({ artifact, sha256, output }) => ({ output: `${artifact}.${output}`, sha256 })),
    })),
    objects: new Map(sizes),
    pinned: new Set(pinned),
    artifacts: DISTRO,
  }))

const limits: fc.Arbitrary<Limits> = fc.record({
  keep: fc.integer({ min: 1, max: 4 }),
  maxSize: fc.nat(60),
})

const older = (a: HeldRecord, b: HeldRecord): boolean =>
  a.publishedAt !== b.publishedAt
    ? a.publishedAt < b.publishedAt
    : `${a.artifact} ${a.key}` < `${b.artifact} ${b.key}`

const givesWayTo = (a: HeldRecord, b: HeldRecord): boolean =>
  a.latest !== b.latest && a.artifact === b.artifact ? b.latest : older(a, b)

/** The newest of some records, found by comparing every pair. */
const newest = (records: readonly HeldRecord[]): HeldRecord | undefined =>
  records.find((one) => records.every((other) => other === one || givesWayTo(other, one)))

function mustStay({ records, artifacts }: Holdings): Set<HeldRecord> {
  const stays = new Set<HeldRecord>()
  const visit = (one: HeldRecord | undefined): void => {
    if (!one || stays.has(one)) return
    stays.add(one)
    for (const { output, sha256 } of one.inputs)
      visit(
        newest(
          records.filter(({ outputs }) =>
            outputs.some((content) => content.output === output && content.sha256 === sha256),
          ),
        ),
      )
  }
  for (const name of artifacts) visit(newest(records.filter(({ artifact }) => artifact === name)))
  return stays
}

const bytesOf = (objects: ReadonlySet<string>, sizes: ReadonlyMap<string, number>): number =>
  [...objects].reduce((sum, object) => sum + (sizes.get(object) ?? 0), 0)

const namedBy = (records: Iterable<HeldRecord>, pinned: ReadonlySet<string>): Set<string> =>
  new Set([...pinned, ...[...records].flatMap((one) => [...objectsOf(one)])])

/** The docstring of `retain`, literally. */
function oracle(holdings: Holdings, { keep, maxSize }: Limits): Set<HeldRecord> {
  const { records, objects, pinned } = holdings
  const stays = mustStay(holdings)
  const newerThan = (one: HeldRecord): number =>
    records.filter(({ artifact }) => artifact === one.artifact).filter((other) => givesWayTo(one, other))
      .length
  const retained = new Set(records.filter((one) => stays.has(one) || newerThan(one) < keep))
  while (bytesOf(namedBy(retained, pinned), objects) > maxSize) {
    const candidates = [...retained].filter((one) => !stays.has(one))
    const oldest = candidates.find((one) => candidates.every((other) => other === one || older(one, other)))
    if (!oldest) break
    retained.delete(oldest)
  }
  return retained
}

const ids = (records: Iterable<HeldRecord>): string[] =>
  [...records].map(({ artifact, key }) => `${artifact} ${KEYS.get(key)}`).sort()

describe('what any store retains', () => {
  it('is what the docstring of retain() defines', () => {
    fc.assert(
      fc.property(holdings, limits, (held, within) => {
        expect(ids(retain(held, within).records)).toEqual(ids(oracle(held, within)))
      }),
      { numRuns: 2000 },
    )
  })

  it('includes an object if and only if a retained record or a lockfile names it', () => {
    fc.assert(
      fc.property(holdings, limits, (held, within) => {
        const { records, objects, bytes } = retain(held, within)
        const named = namedBy(records, held.pinned)
        expect([...objects].sort()).toEqual([...held.objects.keys()].filter((one) => named.has(one)).sort())
        expect(bytes).toBe(bytesOf(objects, held.objects))
      }),
    )
  })

  it('exceeds the size limit only by what the latest builds need', () => {
    fc.assert(
      fc.property(holdings, limits, (held, within) => {
        const { records, bytes } = retain(held, within)
        if (bytes > within.maxSize) expect(ids(records)).toEqual(ids(mustStay(held)))
      }),
    )
  })

  it('is retained entirely by a second decision', () => {
    fc.assert(
      fc.property(holdings, limits, (held, within) => {
        const first = retain(held, within)
        const left = [...held.objects].filter(([object]) => first.objects.has(object))
        const again = retain({ ...held, records: [...first.records], objects: new Map(left) }, within)
        expect(ids(again.records)).toEqual(ids(first.records))
        expect([...again.objects].sort()).toEqual([...first.objects].sort())
        expect(again.bytes).toBe(first.bytes)
      }),
    )
  })
})

describe('a store retains', () => {
  const outputs = (artifact: string, ...digests: readonly string[]): Pick<HeldRecord, 'outputs'> => ({
    outputs: digests.map((text) => ({ output: `${artifact}.out`, sha256: sha256(text) })),
  })
  const at = (publishedAt: bigint): Pick<HeldRecord, 'publishedAt'> => ({ publishedAt })
  const holding = (...records: readonly HeldRecord[]): Holdings => ({
    records,
    objects: new Map(DIGESTS.map((name) => [name, 10])),
    pinned: new Set(),
    artifacts: DISTRO,
  })

  it('the newest records of each artifact, and the latest even if the clock makes it look old', () => {
    const held = holding(
      record('base', '1', { ...at(1n), ...outputs('base', 'a'), latest: true }),
      record('base', '2', { ...at(2n), ...outputs('base', 'b') }),
      record('base', '3', { ...at(3n), ...outputs('base', 'c') }),
    )
    expect(ids(retain(held, { keep: 2, maxSize: 1000 }).records)).toEqual(['base 1', 'base 3'])
    expect(retain(held, { keep: 2, maxSize: 10 })).toMatchObject({
      objects: new Set([sha256('a')]),
      bytes: 10,
    })
  })

  it('an older record whose output a latest record took, and recursively the records below it', () => {
    const held = holding(
      record('base', '1', { ...at(1n), ...outputs('base', 'a') }),
      record('base', '2', { ...at(5n), ...outputs('base', 'b'), latest: true }),
      record('rootfs', '1', {
        ...at(2n),
        ...outputs('rootfs', 'c'),
        inputs: [{ output: 'base.out', sha256: sha256('a') }],
      }),
      record('rootfs', '2', { ...at(6n), ...outputs('rootfs', 'd'), latest: true }),
      record('image', '1', {
        ...at(3n),
        ...outputs('image', 'e'),
        latest: true,
        inputs: [{ output: 'rootfs.out', sha256: sha256('c') }],
      }),
    )
    const all = ['base 1', 'base 2', 'image 1', 'rootfs 1', 'rootfs 2']
    expect(ids(retain(held, { keep: 1, maxSize: 0 }).records)).toEqual(all)
  })

  it('the latest record of an undeclared artifact only while the size limit allows it', () => {
    const held = holding(
      record('gone', '1', { ...at(1n), ...outputs('gone', 'a'), latest: true }),
      record('base', '1', { ...at(2n), ...outputs('base', 'b'), latest: true }),
    )
    expect(ids(retain(held, { keep: 1, maxSize: 20 }).records)).toEqual(['base 1', 'gone 1'])
    expect(ids(retain(held, { keep: 1, maxSize: 19 }).records)).toEqual(['base 1'])
  })

  it('an object of two records until both are removed, and counts it once', () => {
    const held = holding(
      record('base', '1', { ...at(1n), ...outputs('base', 'a') }),
      record('base', '2', { ...at(2n), ...outputs('base', 'a') }),
      record('base', '3', { ...at(3n), ...outputs('base', 'b'), latest: true }),
    )
    expect(retain(held, { keep: 3, maxSize: 20 }).bytes).toBe(20)
    expect(ids(retain(held, { keep: 3, maxSize: 19 }).records)).toEqual(['base 3'])
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../src/platform/digest.ts'
import { canonicalJson, keyOf, partId } from '../../src/planner/key.ts'
import type { Part, PartKind } from '../../src/planner/types.ts'

// A key is the SHA-256 over everything that a producer can see: nothing that it sees may move without the key.

const KINDS: readonly PartKind[] = [
  'code',
  'platform',
  'param',
  'file',
  'tree',
  'output',
  'downloads',
  'tool',
  'env',
]

const part: Part = { kind: 'param', name: 'size', value: 5 }
const other: Part = { kind: 'env', name: 'MIRROR', value: null }
const base = keyOf('image', [part, other])

describe('every part of a key moves it', () => {
  const moved: readonly [string, string][] = [
    ['the artifact', keyOf('image2', [part, other])],
    ['a kind', keyOf('image', [{ ...part, kind: 'env' }, other])],
    ['a name', keyOf('image', [{ ...part, name: 'sizes' }, other])],
    ['a value', keyOf('image', [{ ...part, value: 6 }, other])],
    ['the type of a value', keyOf('image', [{ ...part, value: '5' }, other])],
    ['a variable that is set and empty', keyOf('image', [part, { ...other, value: '' }])],
    ['a part more', keyOf('image', [part, other, { kind: 'tool', name: 'tar', value: 'x' }])],
    ['a part less', keyOf('image', [part])],
  ]
  it.each(moved)('%s', (_, key) => expect(key).not.toBe(base))

  // Taken with another program over the parts as key.ts describes them: a key must not move by itself.
  it('is the SHA-256 of the parts, each with its length in front', () =>
    expect(base).toBe('4bc963d6c6e03f239c320a965410c03790dd22edb1811f8ce846ee2a77db4870'))

  it.each([
    [
      'from a name to its value',
      [{ ...part, name: 'ab', value: 'c' }],
      [{ ...part, name: 'a', value: 'bc' }],
    ],
    [
      'from one part to the next',
      [part, { ...part, name: 'b', value: 'xy' }, { ...part, name: 'c', value: 'z' }],
      [part, { ...part, name: 'b', value: 'x' }, { ...part, name: 'c', value: 'yz' }],
    ],
    ['from the artifact to a part', [{ ...part, name: 'age' }], [{ ...part, name: 'ge' }]],
  ] as const)('moving bytes %s', (_, one, two) => expect(keyOf('image', one)).not.toBe(keyOf('image', two)))

  it('a value that looks like the parts that follow it', () => {
    const forged = `5","3:env","6:MIRROR`
    expect(keyOf('image', [{ ...part, value: forged }])).not.toBe(base)
  })
})

describe('a key does not move with', () => {
  it('the order of the parts', () => expect(keyOf('image', [other, part])).toBe(base))
  it('where a part comes from', () =>
    expect(
      keyOf('image', [
        { ...part, from: '/usr/bin/tar' },
        { ...other, from: 'elsewhere' },
      ]),
    ).toBe(base))
  it('the order of the members of a value', () =>
    expect(keyOf('a', [{ ...part, value: { x: 1, y: { b: 2, a: 3 } } }])).toBe(
      keyOf('a', [{ ...part, value: { y: { a: 3, b: 2 }, x: 1 } }]),
    ))
})

describe('canonical JSON', () => {
  it('orders members by bytes, at every depth, and keeps the order of lists', () =>
    expect(canonicalJson({ b: [{ z: 1, é: 2, Z: 3 }, 1], a: null })).toBe(
      '{"a":null,"b":[{"Z":3,"z":1,"é":2},1]}',
    ))

  it('is the same text exactly for equal values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(canonicalJson(JSON.parse(canonicalJson(a)))).toBe(canonicalJson(a))
        expect(canonicalJson(a) === canonicalJson(b)).toBe(
          equal(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))),
        )
      }),
    )
  })
})

describe('for any lists of parts', () => {
  // Few letters, so that lists often differ only in where their bytes stand.
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '"', ',', ':', '1', 'é'), maxLength: 3 })
  const anyPart = fc.record({
    kind: fc.constantFrom(...KINDS.slice(0, 3)),
    name: word,
    value: fc.oneof(word, fc.constant(null)),
  })
  const anyParts = fc.uniqueArray(anyPart, { selector: partId, maxLength: 3 })

  it('keys are equal exactly when artifact and parts are', () => {
    const known = new Map<string, string>()
    fc.assert(
      fc.property(word, anyParts, (artifact, parts) => {
        const key = keyOf(artifact, parts)
        const seen = JSON.stringify([
          artifact,
          parts.map((one) => JSON.stringify(Object.entries(one).sort())).sort(),
        ])
        expect(known.get(key) ?? seen).toBe(seen)
        known.set(key, seen)
        expect(keyOf(artifact, parts.toReversed())).toBe(key)
      }),
      { numRuns: 2000 },
    )
  })

  it('a digest of texts tells any two lists apart', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), fc.array(word, { maxLength: 4 }), (a, b) => {
        expect(digestOf(a) === digestOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b))
      }),
      { numRuns: 1000 },
    )
  })
})

function equal(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b)
    return true
  } catch {
    return false
  }
}

// A key is the SHA-256 over everything that a producer can see: none of it can change without the key.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/api/params.ts'
import { digestOf, sha256 } from '../../src/platform/digest.ts'
import { canonicalJson } from '../../src/platform/json.ts'
import { keyOf } from '../../src/planner/key.ts'
import { partId } from '../../src/planner/part.ts'
import type { FilePart, Part } from '../../src/planner/types.ts'

const DIGEST = sha256('some content')

const size = (value: Json = 5, name = 'size'): Part => ({ kind: 'param', name, value })
const mirror = (value: string | null = null): Part => ({ kind: 'env', name: 'MIRROR', value })
const file = (more: Partial<FilePart> = {}): Part => ({
  kind: 'file',
  name: 'list',
  path: 'list',
  executable: false,
  digest: DIGEST,
  ...more,
})
const base = keyOf('image', [size(), mirror()])

describe('a key changes with', () => {
  const changed: readonly [string, string][] = [
    ['the artifact', keyOf('image2', [size(), mirror()])],
    ['a kind', keyOf('image', [{ kind: 'platform', name: 'size', value: 5 }, mirror()])],
    ['a name', keyOf('image', [size(5, 'sizes'), mirror()])],
    ['a value', keyOf('image', [size(6), mirror()])],
    ['the type of a value', keyOf('image', [size('5'), mirror()])],
    ['a variable that is set and empty', keyOf('image', [size(), mirror('')])],
    ['an additional part', keyOf('image', [size(), mirror(), file()])],
    ['a missing part', keyOf('image', [size()])],
  ]
  it.each(changed)('%s', (_, key) => expect(key).not.toBe(base))

  it.each([
    ['the content of a file', file({ digest: sha256('other') })],
    ['the executable bit of a file', file({ executable: true })],
    ['the existence of an optional file', file({ digest: null })],
  ])('%s', (_, other) => expect(keyOf('image', [other])).not.toBe(keyOf('image', [file()])))

  it.each([
    ['from a name to its value', [size('c', 'ab')], [size('bc', 'a')]],
    [
      'from one part to the next',
      [size(), size('xy', 'b'), size('z', 'c')],
      [size(), size('x', 'b'), size('yz', 'c')],
    ],
    ['from the artifact to a part', [size(5, 'age')], [size(5, 'ge')]],
  ] as const)('bytes that move %s', (_, one, two) =>
    expect(keyOf('image', one)).not.toBe(keyOf('image', two)),
  )

  it('a value that looks like the parts after it', () => {
    const forged = `5","3:env","6:MIRROR`
    expect(keyOf('image', [size(forged), mirror()])).not.toBe(base)
  })
})

// Computed by another program from the description in key.ts: a key must not change by itself.
it('a key is the SHA-256 of its parts, each text with its length in front', () =>
  expect(base).toBe('efb9004ddb3beeedafe21aca1175db7d0f52114d906f0c1b0de6a1602315711b'))

describe('a key does not change with', () => {
  it('the order of the parts', () => expect(keyOf('image', [mirror(), size()])).toBe(base))
  it('the path of an input', () =>
    expect(keyOf('image', [file({ path: 'elsewhere' })])).toBe(keyOf('image', [file()])))
  it('the path of a tool', () => {
    const tool = (path: string): Part => ({ kind: 'tool', name: 'tar', path, digest: DIGEST })
    expect(keyOf('image', [tool('/usr/bin/tar')])).toBe(keyOf('image', [tool('/bin/tar')]))
  })
  it('the order of the members of a value', () =>
    expect(keyOf('a', [size({ x: 1, y: { b: 2, a: 3 } })])).toBe(
      keyOf('a', [size({ y: { a: 3, b: 2 }, x: 1 })]),
    ))
})

describe('canonical JSON', () => {
  it('sorts members by bytes at every depth and keeps the order of lists', () =>
    expect(canonicalJson({ b: [{ z: 1, é: 2, Z: 3 }, 1], a: null })).toBe(
      '{"a":null,"b":[{"Z":3,"z":1,"é":2},1]}',
    ))

  it('gives the same text exactly for equal values', () => {
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

describe('for random lists of parts', () => {
  // Few letters, so that lists often differ only in where one text ends.
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '"', ',', ':', '1', 'é'), maxLength: 3 })
  const anyPart: fc.Arbitrary<Part> = fc.oneof(
    fc.record({ kind: fc.constant('platform'), name: word, value: word }),
    fc.record({ kind: fc.constant('param'), name: word, value: fc.oneof(word, fc.constant(null)) }),
    fc.record({ kind: fc.constant('env'), name: word, value: fc.oneof(word, fc.constant(null)) }),
  )
  const anyParts = fc.uniqueArray(anyPart, { selector: partId, maxLength: 3 })

  it('keys are equal exactly if artifact and parts are', () => {
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

  it('the digest of a list of texts differs for any two different lists', () => {
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

// Tests that a key covers everything that a producer can see, and nothing else.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../src/api/params.ts'
import { digestOf, sha256 } from '../../src/platform/digest.ts'
import { canonicalJson } from '../../src/platform/json.ts'
import { keyOf } from '../../src/planner/key.ts'
import { partId } from '../../src/planner/part.ts'
import type { FilePart, Part } from '../../src/planner/domain.ts'

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

describe('a key changes if', () => {
  const changed: readonly [string, string][] = [
    ['it belongs to another artifact', keyOf('image2', [size(), mirror()])],
    ['a part has another kind', keyOf('image', [{ kind: 'platform', name: 'size', value: 5 }, mirror()])],
    ['a part has another name', keyOf('image', [size(5, 'sizes'), mirror()])],
    ['a value changes', keyOf('image', [size(6), mirror()])],
    ['a value has another type', keyOf('image', [size('5'), mirror()])],
    ['an unset variable becomes empty', keyOf('image', [size(), mirror('')])],
    ['a part is added', keyOf('image', [size(), mirror(), file()])],
    ['a part is removed', keyOf('image', [size()])],
  ]
  it.each(changed)('%s', (_, key) => expect(key).not.toBe(base))

  it.each([
    ['the content of a file changes', file({ digest: sha256('other') })],
    ['a file becomes executable', file({ executable: true })],
    ['an optional file disappears', file({ digest: null })],
    ['a file gets another base name', file({ path: 'etc/lists' })],
  ])('%s', (_, other) => expect(keyOf('image', [other])).not.toBe(keyOf('image', [file()])))

  it('an output of another artifact gets another base name', () => {
    const output = (name: string): Part => ({
      kind: 'output',
      name: 'tar',
      artifact: 'base',
      output: 'tar',
      file: name,
      digest: DIGEST,
    })
    expect(keyOf('image', [output('base.tar')])).not.toBe(keyOf('image', [output('base.tgz')]))
  })

  it.each([
    ['from a name to its value', [size('c', 'ab')], [size('bc', 'a')]],
    [
      'from one part to the next',
      [size(), size('xy', 'b'), size('z', 'c')],
      [size(), size('x', 'b'), size('yz', 'c')],
    ],
    ['from the artifact to a part', [size(5, 'age')], [size(5, 'ge')]],
  ] as const)('bytes move %s', (_, one, two) => expect(keyOf('image', one)).not.toBe(keyOf('image', two)))

  it('a value imitates the parts that follow it', () => {
    const forged = `5","3:env","6:MIRROR`
    expect(keyOf('image', [size(forged), mirror()])).not.toBe(base)
  })
})

// The expected key was computed by another program from the description in key.ts: it must never change unnoticed.
it('a key is the SHA-256 of its parts, each text preceded by its length', () =>
  expect(base).toBe('d4bc76bc60f567fefb13fba10e18f8115d2c4641468ecb36dc8941facaf4a5a9'))

describe('a key ignores', () => {
  it('the order of the parts', () => expect(keyOf('image', [mirror(), size()])).toBe(base))
  it('the directory of a file', () =>
    expect(keyOf('image', [file({ path: 'elsewhere/list' })])).toBe(keyOf('image', [file()])))
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

  it('is the same text if and only if the values are equal', () => {
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

describe('for arbitrary parts', () => {
  // Few letters, so that lists often differ only in where a text ends.
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '"', ',', ':', '1', 'é'), maxLength: 3 })
  const anyPart: fc.Arbitrary<Part> = fc.oneof(
    fc.record({ kind: fc.constant('platform'), name: word, value: word }),
    fc.record({ kind: fc.constant('param'), name: word, value: fc.oneof(word, fc.constant(null)) }),
    fc.record({ kind: fc.constant('env'), name: word, value: fc.oneof(word, fc.constant(null)) }),
  )
  const anyParts = fc.uniqueArray(anyPart, { selector: partId, maxLength: 3 })

  it('two keys are equal if and only if artifact and parts are', () => {
    const known = new Map<string, string>()
    fc.assert(
      fc.property(word, anyParts, (artifact, parts) => {
        const key = keyOf(artifact, parts)
        const content = JSON.stringify([
          artifact,
          parts.map((one) => JSON.stringify(Object.entries(one).sort())).sort(),
        ])
        expect(known.get(key) ?? content).toBe(content)
        known.set(key, content)
        expect(keyOf(artifact, parts.toReversed())).toBe(key)
      }),
      { numRuns: 2000 },
    )
  })

  it('two lists of texts have the same digest if and only if they are equal', () => {
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

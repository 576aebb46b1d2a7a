// Tests which changes of values lbuild notices while a config is evaluated.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ValueSnapshot } from '../../src/config/valueSnapshot.ts'

/** A value of a kind, and a change of it. */
type Change = readonly [kind: string, value: unknown, change: () => unknown]

const object = { a: { b: 1 } }
const list = [1, [2]]
const map = new Map<unknown, unknown>([['k', { deep: 1 }]])
const set = new Set<unknown>([1])
const date = new Date(0)
const pattern = /x/g
const bytes = Buffer.alloc(100_000)
const view = new DataView(new ArrayBuffer(8))
const named = Object.assign(() => 1, { setting: 1 })
const accessor = Object.defineProperty({}, 'x', { get: () => 1, configurable: true })
const symbol = Symbol('s')
const hidden = Object.defineProperty({ [symbol]: 1 }, 'y', { value: 1, writable: true })
const signed = { zero: 0 }
const pooled = Buffer.from('a')

describe.each([
  ['a property of an object', object, () => (object.a.b = 2)],
  ['a new property', object, () => Object.assign(object, { c: undefined })],
  ['a member of a list in a list', list, () => (list[1] as number[]).push(3)],
  ['a value in a Map', map, () => Object.assign(map.get('k') as object, { deep: 2 })],
  ['a new key of a Map', map, () => map.set('l', 1)],
  ['a member of a Set', set, () => set.add('1')],
  ['the time of a Date', date, () => date.setTime(1)],
  ['the position of a RegExp', pattern, () => pattern.test('x')],
  ['the last byte of a large Buffer', bytes, () => (bytes[99_999] = 1)],
  ['the bytes of a DataView', view, () => view.setInt8(7, 1)],
  ['a property of a function', named, () => (named.setting = 2)],
  ['the name of a function', named, () => Object.defineProperty(named, 'name', { value: 'other' })],
  [
    'the function of an accessor',
    accessor,
    () => Object.defineProperty(accessor, 'x', { get: () => 1, configurable: true }),
  ],
  ['a property with a symbol', hidden, () => (hidden[symbol] = 2)],
  ['a property that is not enumerable', hidden, () => Object.assign(hidden, { y: 2 })],
  ['the sign of a zero', signed, () => (signed.zero = -0)],
] satisfies readonly Change[])('%s', (_, value, change) => {
  it('is noticed when it changes', () => {
    const before = new ValueSnapshot([value])
    expect(before.matches([value])).toBe(true)
    change()
    expect(before.matches([value])).toBe(false)
    expect(new ValueSnapshot([value]).matches([value])).toBe(true)
  })
})

it('an equal object in place of another is noticed', () => {
  expect(new ValueSnapshot([{ a: 1 }]).matches([{ a: 1 }])).toBe(false)
})

it('a change of other bytes in the memory that small buffers share does not matter', () => {
  const before = new ValueSnapshot([pooled])
  new Uint8Array(pooled.buffer).fill(7, pooled.byteOffset + 1, pooled.byteOffset + 2)
  expect(before.matches([pooled])).toBe(true)
})

it('an accessor is not called', () => {
  const value = Object.defineProperty({}, 'x', { get: () => expect.unreachable('called'), enumerable: true })
  expect(new ValueSnapshot([value]).matches([value])).toBe(true)
})

it('a value that contains itself, and one that refuses to be looked at, can be compared', () => {
  const own: Record<string, unknown> = {}
  own['own'] = own
  const refuse = (): never => {
    throw new Error('no')
  }
  const refusing = new Proxy({}, { ownKeys: refuse, getPrototypeOf: refuse })
  const before = new ValueSnapshot([own, refusing])
  expect(before.matches([own, refusing])).toBe(true)
  own['other'] = 1
  expect(before.matches([own, refusing])).toBe(false)
})

it('a list of 15,000 links is compared to its end', () => {
  const end = { value: 1 }
  let first: object = end
  for (let count = 0; count < 15_000; count += 1) first = { next: first }
  const before = new ValueSnapshot([first])
  end.value = 2
  expect(before.matches([first])).toBe(false)
})

it('a value with more parts than settings have is not compared', () => {
  const large = Array.from({ length: 60_000 }, () => 1)
  const before = new ValueSnapshot([large])
  large[0] = 2
  large[59_999] = 2
  expect(before.matches([large])).toBe(true)
})

it('a value that grows is noticed, however much', () => {
  const growing: unknown[] = [undefined]
  const before = new ValueSnapshot([growing])
  growing.push(...Array.from({ length: 60_000 }, () => undefined))
  expect(before.matches([growing])).toBe(false)
})

it('a snapshot matches exactly as long as nothing changes, for every value of JSON', () => {
  fc.assert(
    fc.property(fc.array(fc.object(), { minLength: 1 }), fc.nat(), fc.string(), (values, at, key) => {
      const before = new ValueSnapshot(values)
      expect(before.matches(values)).toBe(true)
      const value = values[at % values.length]
      Object.defineProperty(value, key, { value: Symbol('new'), configurable: true, enumerable: true })
      expect(before.matches(values)).toBe(false)
    }),
  )
})

// Tests that a producer can use the guarded names like any other object, except for reading an undeclared one.
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { guarded, UndeclaredName } from '../../src/sandbox/declaredNames.ts'

const READER = { kind: 'artifact', name: 'image' } as const
const VALUES = { hostname: 'edge', locales: ['C.UTF-8'], 'disk-size': 1 }

const params = (): Record<string, unknown> => guarded<unknown>(VALUES, 'params', READER)

/** The failure of reading a name. */
function failureOf(name: string, object = params()): UndeclaredName {
  try {
    void object[name]
  } catch (error) {
    if (error instanceof UndeclaredName) return error
  }
  throw new Error(`reading ${name} did not fail`)
}

it('a declared name is read', () => {
  expect(params()['hostname']).toBe('edge')
  expect(params()['disk-size']).toBe(1)
})

it('an undeclared name is an error that names the artifact, the nearest name and the line to add', () => {
  const { headline, hint, facts } = failureOf('hostnme')
  expect(headline).toBe("the producer of 'image' read the undeclared param 'hostnme'")
  expect(hint).toBe(
    "did you mean 'hostname'? Otherwise declare it in artifact('image', …): params: { …, hostnme: text('DEFAULT') }",
  )
  expect(facts).toEqual([['declared', 'hostname, locales, disk-size']])
})

it.each([
  ['inputs', 'src', "inputs: { src: file('PATH') }"],
  ['outputs', 'a-b', "outputs: { 'a-b': 'FILE' }"],
] as const)('the line to add to %s is a declaration of that kind', (group, name, line) => {
  expect(failureOf(name, guarded({}, group, READER)).hint).toBe(`declare it in artifact('image', …): ${line}`)
})

it('an undeclared name of a resolver is an error that names the lockfile', () => {
  const { headline, hint } = failureOf('list', guarded({}, 'inputs', { kind: 'lockfile', name: 'debs' }))
  expect(headline).toBe("the resolver of 'debs' read the undeclared input 'list'")
  expect(hint).toContain("lockfile('debs', …): inputs: { list: ")
})

it.each<readonly [string, (object: Record<string, unknown>) => unknown, unknown]>([
  ['JSON.stringify', (object) => JSON.stringify(object), JSON.stringify(VALUES)],
  ['util.inspect', (object) => inspect(object), inspect(VALUES)],
  [
    'util.inspect with all properties',
    (object) => inspect(object, { showHidden: true }),
    inspect(VALUES, { showHidden: true }),
  ],
  ['a template text', (object) => `${String(object)}`, '[object Object]'],
  ['Object.entries', (object) => Object.entries(object), Object.entries(VALUES)],
  ['spread', (object) => ({ ...object }), VALUES],
  [
    'the rest of a pattern',
    ({ hostname, ...rest }) => [hostname, Object.keys(rest)],
    ['edge', ['locales', 'disk-size']],
  ],
  ['structuredClone', (object) => structuredClone(object), VALUES],
  ['in', (object) => ['hostname' in object, 'hostnme' in object], [true, false]],
  ['hasOwnProperty', (object) => Object.prototype.hasOwnProperty.call(object, 'hostnme'), false],
  ['instanceof', (object) => object instanceof Object, true],
  ['a symbol', (object) => Reflect.get(object, Symbol.iterator), undefined],
  ['a property of test libraries', (object) => object['asymmetricMatch'], undefined],
  ['writing and reading', (object) => Object.assign(object, { more: 1 })['more'], 1],
])('%s works as with any object', (_, use, expected) => {
  expect(use(params())).toEqual(expected)
})

it('await returns the object, and a comparison by a test library does not fail', async () => {
  const object = params()
  expect(await Promise.resolve(object)).toBe(object)
  expect(object).toEqual(VALUES)
})

// Notices whether the modules of a config changed what all of them share: globals, built-ins and modules of Node.js.
import { EventEmitter } from 'node:events'
import { builtinModules } from 'node:module'
import { inspect } from 'node:util'
import { GUARD, MODULES } from './evaluate.ts'
import { isObject } from './valueSnapshot.ts'

/** Properties of the global object that lbuild itself changes, or that contain it. */
const HIDDEN = new Set<PropertyKey>([Symbol.for(MODULES), Symbol.for(GUARD), 'globalThis', 'global'])

const prototypeOf = (value: object): object => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return isObject(prototype) ? prototype : value
}

/** Built-in objects that no property of the global object leads to. */
const UNNAMED: readonly object[] = [
  Uint8Array.prototype,
  Uint8Array,
  [][Symbol.iterator](),
  prototypeOf([][Symbol.iterator]()),
  new Map()[Symbol.iterator](),
  new Set()[Symbol.iterator](),
  ''[Symbol.iterator](),
  ''.matchAll(/x/g),
  async () => {},
  function* () {},
  prototypeOf(function* () {}),
  async function* () {},
  prototypeOf(async function* () {}),
].map(prototypeOf)

/** What all modules shared when this object was made. */
export class SharedState {
  /** Properties of the global object that Node.js replaces by their values when a program first reads them. */
  readonly #lazy = new Map<PropertyKey, () => unknown>()
  readonly #modules: readonly object[] = loadedModules()
  readonly #before: readonly unknown[]

  constructor() {
    for (const key of Reflect.ownKeys(globalThis)) {
      const get = Object.getOwnPropertyDescriptor(globalThis, key)?.get
      if (get) this.#lazy.set(key, get)
    }
    this.#before = this.#values()
  }

  /** Whether something has changed since. */
  hasChanged(): boolean {
    const now = this.#values()
    return (
      now.length !== this.#before.length ||
      now.some((value, index) => !Object.is(value, this.#before[index])) ||
      [...this.#lazy].some(([key, get]) => isReplaced(key, get))
    )
  }

  #values(): readonly unknown[] {
    const globals = Reflect.ownKeys(globalThis)
      .filter((key) => !HIDDEN.has(key) && !this.#lazy.has(key))
      .map((key) => [key, Reflect.get(globalThis, key)] as const)
    const objects = [
      ...globals.flatMap(([, value]) => (value === undefined ? [] : [value])),
      ...Object.getOwnPropertyNames(Intl).map((name): unknown => Reflect.get(Intl, name)),
      ...UNNAMED,
      process,
      Reflect.get(process, '_events'),
      Buffer,
      ...this.#modules,
      ...this.#modules.flatMap((one) =>
        Object.values(Object.getOwnPropertyDescriptors(one)).map(({ value }) => value),
      ),
    ]
    const found: unknown[] = globals.filter(([, value]) => value !== undefined).map(([key]) => key)
    for (const object of objects) pushProperties(object, found)
    // Accessors hide these.
    found.push(EventEmitter.defaultMaxListeners)
    for (const settings of [inspect.defaultOptions, process.env])
      for (const entry of Object.entries(settings)) found.push(...entry)
    return found
  }
}

/** Properties of functions that tell nothing, and the depth of stacks, which lbuild itself sets. */
const UNCHANGED = new Set<PropertyKey>(['length', 'name', 'stackTraceLimit'])

/** Adds a value, and what the properties of the value and of its prototype property hold. */
function pushProperties(value: unknown, found: unknown[]): void {
  found.push(value)
  if (!isObject(value)) return
  const prototype: unknown = typeof value === 'function' ? value.prototype : undefined
  for (const owner of [value, prototype].filter(isObject))
    for (const key of Reflect.ownKeys(owner)) {
      if (typeof owner === 'function' && UNCHANGED.has(key)) continue
      const descriptor = Reflect.getOwnPropertyDescriptor(owner, key)
      found.push(key, descriptor?.value ?? descriptor?.get)
    }
}

/** The modules of Node.js that the config imports, which are loaded before it is evaluated. */
function loadedModules(): readonly object[] {
  const loaded: unknown = Reflect.get(process, 'moduleLoadList')
  const names = new Set<unknown>(Array.isArray(loaded) ? loaded : [])
  return builtinModules
    .filter((name) => !name.startsWith('_') && names.has(`NativeModule ${name}`))
    .map((name): unknown => process.getBuiltinModule(name))
    .filter(isObject)
}

/** Whether somebody replaced a property that Node.js would have replaced by the value of its accessor. */
function isReplaced(key: PropertyKey, get: () => unknown): boolean {
  const now = Object.getOwnPropertyDescriptor(globalThis, key)
  if (now?.get === get) return false
  if (!now) return true
  const value: unknown = Reflect.apply(get, globalThis, [])
  // The accessor may have set the property.
  Object.defineProperty(globalThis, key, now)
  return now.value !== value
}

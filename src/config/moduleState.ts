// Notices modules of a config that change values of other modules, or globals, while the config is evaluated.
import type { Module } from './modules.ts'
import { GUARD, MODULES } from './evaluate.ts'

/** What modules changed besides their own values. */
export interface Influence {
  /** For each module whose values changed after it was evaluated, the modules that changed them; '' for a callback. */
  readonly changedBy: ReadonlyMap<string, ReadonlySet<string>>
  /** Whether a property of the global object, of a built-in or of `process.env` changed. */
  readonly changesGlobals: boolean
}

/** The variables at the top level of a module. */
type Variables = () => readonly unknown[]

/**
 * The exports of each evaluated module, by label. Each module registers itself at its end. Compares the values of a module
 * then with its values after each module that can reach it by imports.
 */
export class ModuleRegistry extends Map<string, Readonly<Record<string, unknown>>> implements Influence {
  readonly #modules: ReadonlyMap<string, Module>
  readonly #variables = new Map<string, Variables>()
  readonly #states = new Map<string, string>()
  readonly #values = new ValueDescriber()
  readonly changedBy = new Map<string, Set<string>>()
  changesGlobals = false
  #lazy: readonly PropertyKey[] = []
  #globals: string | undefined

  constructor(modules: ReadonlyMap<string, Module>) {
    super()
    this.#modules = modules
  }

  /** Must be called before the first module is evaluated. */
  begin(): void {
    // Node.js replaces these properties when a program first reads them.
    this.#lazy = Reflect.ownKeys(globalThis).filter(
      (key) => Object.getOwnPropertyDescriptor(globalThis, key)?.get !== undefined,
    )
    this.#globals = this.#describeGlobals()
  }

  /** Must be called after the last module was evaluated. */
  finish(): void {
    this.#compare(this.keys(), '')
    this.changesGlobals = this.#globals !== undefined && this.#globals !== this.#describeGlobals()
  }

  override set(
    label: string,
    exports: Readonly<Record<string, unknown>>,
    variables: Variables = () => [],
  ): this {
    this.#compare(this.#below(label), label)
    super.set(label, exports)
    this.#variables.set(label, variables)
    this.#states.set(label, this.#describe(label))
    return this
  }

  #compare(labels: Iterable<string>, by: string): void {
    for (const label of labels) {
      const before = this.#states.get(label)
      if (before === undefined) continue
      const now = this.#describe(label)
      if (now === before) continue
      this.#states.set(label, now)
      this.changedBy.set(label, (this.changedBy.get(label) ?? new Set()).add(by))
    }
  }

  #below(start: string): ReadonlySet<string> {
    const reached = new Set(this.#modules.get(start)?.imports)
    // The loop also visits the labels that it adds.
    for (const label of reached) for (const next of this.#modules.get(label)?.imports ?? []) reached.add(next)
    return reached
  }

  #describe(label: string): string {
    const exports = this.get(label) ?? {}
    const exported = Object.keys(exports).map((name) => exportedValue(exports, name))
    return this.#values.describe([...exported, ...(this.#variables.get(label)?.() ?? [])])
  }

  #describeGlobals(): string {
    const hidden = new Set<PropertyKey>([
      ...this.#lazy,
      Symbol.for(MODULES),
      Symbol.for(GUARD),
      'globalThis',
      'global',
    ])
    const entries = Reflect.ownKeys(globalThis).flatMap((key) => {
      const value: unknown = hidden.has(key) ? undefined : Reflect.get(globalThis, key)
      return value === undefined ? [] : [key, ...properties(value)]
    })
    return this.#values.describe([...entries, ...Object.entries(process.env).flat()])
  }
}

/** The value of an export; undefined before its module has set it, as in a cycle of imports. */
function exportedValue(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return exports[name]
  } catch {
    return undefined
  }
}

/** The identities of a value, of its own properties, and of those of its prototype property. */
function properties(value: unknown): readonly unknown[] {
  if (!isObject(value)) return [value]
  const prototype: unknown = typeof value === 'function' ? value.prototype : undefined
  const owned = [value, prototype].filter(isObject).flatMap((owner) =>
    Reflect.ownKeys(owner).flatMap((key) => {
      // lbuild itself sets the depth of stacks.
      if (key === 'stackTraceLimit') return []
      const descriptor = Object.getOwnPropertyDescriptor(owner, key)
      return [key, new Identity(descriptor?.value ?? descriptor?.get)]
    }),
  )
  return [new Identity(value), ...owned]
}

/** A value of which only the identity matters. */
class Identity {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** Values with more parts than this are not compared: they are libraries or data rather than settings. */
const MAX_PARTS = 50_000

/** Describes values, so that two descriptions differ if something that is visible from outside of closures changed. */
class ValueDescriber {
  readonly #identities = new WeakMap<object, number>()
  #next = 0

  describe(values: readonly unknown[]): string {
    const seen = new Set<object>()
    const parts: string[] = []
    const visit = (one: unknown): void => {
      if (parts.length > MAX_PARTS) return
      if (one instanceof Identity) return void parts.push(this.#identity(one.value))
      parts.push(this.#identity(one))
      if (!isObject(one) || seen.has(one) || one instanceof Error) return
      seen.add(one)
      for (const content of contents(one)) visit(content)
      parts.push('end')
    }
    for (const value of values) visit(value)
    return parts.length > MAX_PARTS ? 'large' : JSON.stringify(parts)
  }

  /** A primitive as text, and an object by its number. */
  #identity(value: unknown): string {
    if (!isObject(value)) return `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}`
    const known = this.#identities.get(value)
    if (known !== undefined) return `#${known}`
    this.#identities.set(value, (this.#next += 1))
    return `#${this.#next}`
  }
}

/** The parts of an object: keys, values and accessors of its own properties, and the members of a collection. */
function contents(value: object): readonly unknown[] {
  try {
    const members =
      value instanceof Map
        ? [...value].flat()
        : value instanceof Set
          ? [...value]
          : value instanceof Date
            ? [value.getTime()]
            : value instanceof RegExp
              ? [value.lastIndex]
              : []
    const own = Reflect.ownKeys(value).flatMap((key) => {
      const { value: content, get, set } = Object.getOwnPropertyDescriptor(value, key) ?? {}
      return [key, content, get, set]
    })
    return [...members, ...own]
  } catch {
    // A proxy may refuse.
    return []
  }
}

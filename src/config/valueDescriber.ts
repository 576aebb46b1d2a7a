// Describes values, so that a later description shows whether somebody changed them.
import { sha256 } from '../platform/digest.ts'

export const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** Values with more parts than this are not compared: they are libraries or data rather than settings. */
const MAX_PARTS = 50_000

/** Describes values, so that two descriptions differ if something that is visible from outside of closures changed. */
export class ValueDescriber {
  readonly #identities = new WeakMap<object, number>()
  #next = 0

  describe(values: readonly unknown[]): string {
    const seen = new Set<object>()
    const parts: string[] = []
    const visit = (one: unknown): void => {
      if (parts.length > MAX_PARTS) return
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

const isBuffer = (value: object): value is ArrayBufferLike =>
  value instanceof ArrayBuffer || value instanceof SharedArrayBuffer

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
              : value instanceof DataView
                ? [value.buffer]
                : isBuffer(value)
                  ? [sha256(new Uint8Array(value))]
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

// Remembers values with all that they lead to, so that lbuild later sees whether somebody changed them.
import { sha256 } from '../platform/digest.ts'

export const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** Values with more parts than this are not compared: they are libraries or data rather than settings. */
const MAX_PARTS = 50_000

/** Stand between parts: after the last part of an object, and before the functions of an accessor. */
const END = Symbol('end')
const ACCESSOR = Symbol('accessor')

/** Some values and everything that is visible from them outside of closures, at one moment. */
export class ValueSnapshot {
  readonly #parts: unknown[] = []

  constructor(values: readonly unknown[]) {
    visitParts(values, (part) => this.#parts.push(part) <= MAX_PARTS)
  }

  /** Whether values are the same objects and primitives as then, with the same parts. True if they had too many. */
  matches(values: readonly unknown[]): boolean {
    if (this.#parts.length > MAX_PARTS) return true
    let count = 0
    let isSame = true
    visitParts(values, (part) => {
      isSame = Object.is(part, this.#parts[count])
      count += 1
      return isSame
    })
    return isSame && count === this.#parts.length
  }
}

/** Passes values and their parts to `visit`, in an order that depends only on them, until it returns false. */
function visitParts(values: readonly unknown[], visit: (part: unknown) => boolean): void {
  const seen = new Set<object>()
  const pending = [...values]
  while (pending.length > 0) {
    const part = pending.pop()
    if (!visit(part)) return
    if (!isObject(part) || seen.has(part)) continue
    seen.add(part)
    pending.push(END)
    pushContents(part, pending)
  }
}

/** Adds the parts of an object: keys, values and accessors of its own properties, and the members of a collection. */
function pushContents(value: object, parts: unknown[]): void {
  try {
    if (value instanceof Error) return
    if (typeof value !== 'function' && !Array.isArray(value))
      for (const member of members(value)) parts.push(member)
    for (const key of Reflect.ownKeys(value)) {
      const property = Reflect.getOwnPropertyDescriptor(value, key)
      if (property?.get || property?.set) parts.push(property.set, property.get, ACCESSOR, key)
      else if (!ArrayBuffer.isView(value) || !isIndex(key)) parts.push(property?.value, key)
    }
  } catch {
    // A proxy may refuse.
  }
}

const isIndex = (key: PropertyKey): boolean => typeof key === 'string' && /^\d+$/.test(key)

const isBuffer = (value: object): value is ArrayBufferLike =>
  value instanceof ArrayBuffer || value instanceof SharedArrayBuffer

/** What an object holds besides its properties. */
function members(value: object): readonly unknown[] {
  if (value instanceof Map) return [...value].flat()
  if (value instanceof Set) return [...value]
  if (value instanceof Date) return [value.getTime()]
  if (value instanceof RegExp) return [value.lastIndex]
  if (ArrayBuffer.isView(value))
    return [sha256(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))]
  return isBuffer(value) ? [sha256(new Uint8Array(value))] : []
}

/** Any value that survives JSON unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/**
 * A param: a named value that a maker may set, and part of the key of every artifact that declares it.
 * `T` is the type that the producer gets; `value` is the default, already parsed.
 */
export interface Param<T extends Json = Json> {
  readonly type: 'text' | 'size' | 'integer' | 'flag' | 'choice' | 'data'
  readonly value: T
  readonly choices?: readonly string[]
  /** The smallest size that makes sense, in bytes: less is refused before any work. */
  readonly atLeast?: number
  readonly describe?: string
  /** Who set another value than the default, for people: the config, a profile, the command line. */
  readonly setBy?: string
}

/** Text, taken as it is written. */
export const text = (value: string, describe?: string): Param<string> => param('text', value, describe)

/** A whole number. */
export const integer = (value: number, describe?: string): Param<number> => param('integer', value, describe)

/** Yes or no. */
export const flag = (value: boolean, describe?: string): Param<boolean> => param('flag', value, describe)

/** One of some words. */
export function choice<const C extends readonly string[]>(
  choices: C,
  value: C[number],
  describe?: string,
): Param<C[number]> {
  return { ...param('choice', value, describe), choices }
}

/** A number of bytes, written like `256G`; the producer gets it as a number. Less than `atLeast` is refused. */
export function size(value: string | number, describe?: string, atLeast: string | number = 0): Param<number> {
  return { ...param('size', parseSize(value), describe), atLeast: parseSize(atLeast) }
}

/** Any JSON value: a list, a table. */
export const data = <T extends Json>(value: T, describe?: string): Param<T> => param('data', value, describe)

function param<T extends Json>(type: Param['type'], value: T, describe?: string): Param<T> {
  return describe === undefined ? { type, value } : { type, value, describe }
}

const UNITS: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/**
 * Reads a size in bytes: a whole number and one of the binary units K, M, G, T (`64G`, `512MiB`, `1073741824`).
 * Throws a RangeError that quotes what could not be read.
 */
export function parseSize(size: string | number): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(String(size).trim())
  const bytes = match ? Number(match[1]) * UNITS[(match[2] ?? '').toUpperCase()]! : Number.NaN
  if (!Number.isSafeInteger(bytes))
    throw new RangeError(
      `cannot read the size '${size}': write a whole number of bytes, or one with K, M, G or T`,
    )
  return bytes
}

/** Writes a size as {@link parseSize} reads it, with the largest unit that leaves a whole number: `64G`, `1000`. */
export function formatSize(bytes: number): string {
  const units = Object.entries(UNITS).filter(([, factor]) => bytes !== 0 && bytes % factor === 0)
  const [unit, factor] = units.at(-1) ?? ['', 1]
  return `${bytes / factor}${unit}`
}

/**
 * Reads the value of a param from the text of a command line, or from a value of the config.
 * Throws a RangeError that says what was expected.
 */
export function parseParam(declared: Param, given: Json): Json {
  const wrong = (expected: string) =>
    new RangeError(
      `expected ${expected}, got ${typeof given === 'string' ? `'${given}'` : JSON.stringify(given)}`,
    )
  switch (declared.type) {
    case 'text':
      if (typeof given !== 'string') throw wrong('text')
      return given
    case 'size':
      if (typeof given !== 'string' && typeof given !== 'number') throw wrong('a size such as 256G')
      if (parseSize(given) < (declared.atLeast ?? 0))
        throw wrong(`at least ${formatSize(declared.atLeast ?? 0)}`)
      return parseSize(given)
    case 'integer': {
      const number = typeof given === 'string' && /^-?\d+$/.test(given) ? Number(given) : given
      if (!Number.isSafeInteger(number)) throw wrong('a whole number')
      return number
    }
    case 'flag':
      if (given === true || given === 'true' || given === 'yes') return true
      if (given === false || given === 'false' || given === 'no') return false
      throw wrong('true or false')
    case 'choice':
      if (typeof given !== 'string' || !declared.choices?.includes(given))
        throw wrong(`one of ${declared.choices?.join(', ')}`)
      return given
    case 'data':
      if (typeof given !== 'string') return given
      try {
        return JSON.parse(given) as Json
      } catch {
        throw wrong('JSON')
      }
  }
}

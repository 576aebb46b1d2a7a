// Declares params: named values that a user sets on the command line or in the config.

/** Any value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/**
 * A param: a value that a user may set by `--NAME`, `--set` or the config. It is part of the key of every artifact that
 * declares it. `T` is the type that a producer receives; `value` is the default, already parsed.
 */
export interface Param<T extends Json = Json> {
  readonly type: 'text' | 'size' | 'integer' | 'flag' | 'choice' | 'data'
  readonly value: T
  readonly choices?: readonly string[]
  /** The smallest valid size in bytes; lbuild refuses less before it runs anything. */
  readonly atLeast?: number
  readonly describe?: string
  /** The default, if something has set another value. Only for messages. */
  readonly default?: Json
  /** Set by a variant: then only `ARTIFACT.PARAM` sets another value. */
  readonly pinned?: boolean
  /** What set a value other than the default: the config, a variant, a profile or the command line. Only for messages. */
  readonly setBy?: string
}

/**
 * Declares a text param. The producer receives the text as the user wrote it.
 *
 * @param describe what the param sets; the message about an invalid value prints it. Every kind of param takes it.
 * @example params: { hostname: text('tiny', 'the name of the machine') }
 */
export const text = (value: string, describe?: string): Param<string> => param('text', value, describe)

/**
 * Declares a param that is a whole number, negative ones included.
 *
 * @example params: { compressionLevel: integer(19) }
 */
export const integer = (value: number, describe?: string): Param<number> => param('integer', value, describe)

/**
 * Declares a param that is `true` or `false`; the command line also accepts `yes` and `no`.
 *
 * @example params: { debug: flag(false) }
 */
export const flag = (value: boolean, describe?: string): Param<boolean> => param('flag', value, describe)

/**
 * Declares a param that is one of several words.
 *
 * @param value the default
 * @example params: { compression: choice(['zstd', 'lz4'], 'zstd') }
 */
export function choice<const C extends readonly string[]>(
  choices: C,
  value: C[number],
  describe?: string,
): Param<C[number]> {
  return { ...param('choice', value, describe), choices }
}

/**
 * Declares a param that is a size. Users write it as {@link parseSize} reads it; the producer receives a number of bytes.
 * Throws a RangeError for a default that is no size.
 *
 * @param atLeast the smallest valid size
 * @example params: { diskSize: size('256G', 'the size of the disk', '2G') }
 */
export function size(value: string | number, describe?: string, atLeast: string | number = 0): Param<number> {
  return { ...param('size', parseSize(value), describe), atLeast: parseSize(atLeast) }
}

/**
 * Declares a param that is any JSON value, such as a list or a table. The command line takes it as JSON.
 *
 * @example params: { locales: data(['C.UTF-8']) }
 */
export const data = <T extends Json>(value: T, describe?: string): Param<T> => param('data', value, describe)

function param<T extends Json>(type: Param['type'], value: T, describe?: string): Param<T> {
  return describe === undefined ? { type, value } : { type, value, describe }
}

/** The factors of the units, in bytes. */
const UNITS = new Map([
  ['', 1],
  ['K', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
  ['T', 2 ** 40],
])

/**
 * Reads a size: a number and one of the binary units K, M, G, T, or a number of bytes. Returns bytes. Throws a RangeError
 * that quotes a text that it cannot read, or that is no whole number of bytes.
 *
 * @example parseSize('1.5G') === parseSize('1536MiB')
 */
export function parseSize(size: string | number): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(String(size).trim()) ?? []
  const bytes = Number(number) * (UNITS.get(unit.toUpperCase()) ?? Number.NaN)
  if (!Number.isSafeInteger(bytes))
    throw new RangeError(
      `cannot read the size '${size}': write a whole number of bytes, or one with K, M, G or T`,
    )
  return bytes
}

/** Writes a number of bytes as {@link parseSize} reads it, with the largest unit that leaves a whole number: `64G`, `1000`. */
export function formatSize(bytes: number): string {
  const units = [...UNITS].filter(([, factor]) => bytes !== 0 && bytes % factor === 0)
  const [unit, factor] = units.at(-1) ?? ['', 1]
  return `${bytes / factor}${unit}`
}

/**
 * Reads the value of a param from the text of a command line, or from a value of the config. Throws a RangeError that
 * says what was expected.
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
        const parsed: Json = JSON.parse(given)
        return parsed
      } catch {
        throw wrong('JSON')
      }
  }
}

/** What an error knows besides its headline: names and values, in the order in which they are shown. */
export type Facts = Readonly<Record<string, string | number>>

/** An error with a headline, the facts behind it, a hint at what to do, and perhaps a tool's own words. */
export class ImageError extends Error {
  readonly headline: string
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly hint: string | undefined
  readonly tail: string | undefined

  constructor(headline: string, facts: Facts = {}, hint?: string, tail?: string) {
    const pairs = Object.entries(facts).map(([name, value]) => [name, String(value)] as const)
    const lines = [headline, ...pairs.map(([name, value]) => `  ${name}: ${value}`)]
    if (hint !== undefined) lines.push(`  hint: ${hint}`)
    if (tail !== undefined) lines.push(tail)
    super(lines.join('\n'))
    this.name = 'ImageError'
    this.headline = headline
    this.facts = pairs
    this.hint = hint
    this.tail = tail
  }
}

/** The words that a tool failed with, as far as the error of a run carries them. */
export const toolWords = (error: unknown): string =>
  (error as { tail?: string }).tail ?? (error instanceof Error ? error.message : String(error))

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** Writes a number of bytes for people: `1.6 GiB`. */
export function bytes(count: number): string {
  let unit = 0
  let value = count
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : Number(value.toFixed(1))} ${UNITS[unit]}`
}

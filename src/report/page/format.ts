// Formats times, sizes and outcomes for the page.
import type { PageNode } from '../model.ts'

/** A duration, given in seconds: `0.04 s`, `3.2 s`, `48 s`, `2 min 05 s`. */
export function duration(seconds: number): string {
  if (seconds < 0.995) return `${seconds.toFixed(2)} s`
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

/** A number of bytes in binary units: `1.5 GiB`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const unit = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10))
  return `${(count / 1024 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit] ?? ''}`
}

/** A moment in the time zone of the reader; given in milliseconds since 1970. */
export const moment = (at: number | undefined): string =>
  at === undefined || !Number.isFinite(at)
    ? 'unknown'
    : new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** `1 artifact`, `3 artifacts`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const WORDS: Readonly<Record<PageNode['outcome'], string>> = {
  built: 'built',
  restored: 'restored',
  fresh: 'fresh',
  failed: 'failed',
  skipped: 'skipped',
  unfinished: 'unfinished',
  unreached: 'not reached',
  lockfile: 'lockfile',
}

/** What happened to a node, in a word or two. */
export const outcomeWord = ({ outcome, cutOff, changed }: PageNode): string => {
  if (cutOff) return 'cut off'
  return outcome === 'built' && changed === false ? 'built, identical' : WORDS[outcome]
}

/** The size of all outputs of a node, in bytes; undefined if it is unknown. */
export const sizeOf = ({ outputs }: PageNode): number | undefined =>
  outputs.length === 0 ? undefined : outputs.reduce((sum, { size }) => sum + size, 0)

/** The time and the size of a node in a few words. */
export function measures(node: PageNode): string {
  const size = sizeOf(node)
  return [
    ...(node.seconds === undefined || (node.kind === 'lockfile' && node.spans.length === 0)
      ? []
      : [duration(node.seconds)]),
    ...(size === undefined ? [] : [bytes(size)]),
  ].join(' · ')
}

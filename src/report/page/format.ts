// Formats moments, measures and outcomes of nodes for the page.
import { OUTCOME_WORDS } from '../../events/outcomeWords.ts'
import { bytes, duration } from '../../platform/units.ts'
import type { PageNode } from '../model.ts'

/** A moment in the time zone of the reader; given in milliseconds since 1970. */
export const moment = (at: number | undefined): string =>
  at === undefined || !Number.isFinite(at)
    ? 'unknown'
    : new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

const WORDS: Readonly<Record<PageNode['outcome'], string>> = { ...OUTCOME_WORDS, lockfile: 'lockfile' }

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

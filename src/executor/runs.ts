import { isSamePart, partIndex } from '../planner/part.ts'
import type { Planned } from '../planner/types.ts'

/** A producer that runs, and what it runs for. */
export interface Run {
  readonly planned: Planned
  readonly cancel: AbortController
  readonly ended: Promise<void>
}

/**
 * Whether a run is still the right one. While what it depends on may run, its key is not known: until that has ended it
 * goes on, unless something of its own has changed.
 */
export function isStillRight(run: Planned, now: Planned): boolean {
  if (now.decision.verdict === 'fresh' || now.decision.verdict === 'restorable') return false
  if (now.key !== undefined) return now.key === run.key
  const formerOf = partIndex(run.parts)
  return now.parts.every((part) => isSamePart(formerOf(part), part))
}

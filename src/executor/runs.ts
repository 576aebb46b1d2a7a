// The runs of a build, and whether a run is still worth finishing.
import { isSamePart, partIndex } from '../planner/part.ts'
import type { Planned } from '../planner/types.ts'
import type { Digest } from '../platform/digest.ts'

/** A decision about an artifact whose key is known, so that it can run. */
export type Runnable = Planned & { readonly key: Digest }

/** Whether the key of an artifact is known. */
export const isRunnable = (planned: Planned): planned is Runnable => planned.key !== undefined

/** A producer that is running, and the decision that started it. */
export interface Run {
  readonly planned: Runnable
  readonly cancel: AbortController
  readonly ended: Promise<void>
}

/**
 * Whether a run is still for the current key. The key is unknown while a dependency may run; until then the run continues
 * unless one of its own parts changed.
 */
export function isStillRight(run: Planned, now: Planned): boolean {
  if (now.decision.verdict === 'fresh' || now.decision.verdict === 'restorable') return false
  if (now.key !== undefined) return now.key === run.key
  const formerOf = partIndex(run.parts)
  return now.parts.every((part) => isSamePart(formerOf(part), part))
}

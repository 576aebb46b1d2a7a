// The runs of a build, and whether a run is still worth finishing.
import { isSamePart, partIndex } from '../planner/part.ts'
import type { Planned } from '../planner/domain.ts'
import type { Digest } from '../platform/digest.ts'

/** A planned artifact whose key is known; only such an artifact can run. */
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
 * Whether a run still produces what the plan wants. If the new plan knows the key, the keys must be equal. If a
 * dependency may still run, the key is unknown; then the parts that are known must be unchanged.
 */
export function isStillRight(run: Planned, now: Planned): boolean {
  if (now.decision.verdict === 'fresh' || now.decision.verdict === 'restorable') return false
  if (now.key !== undefined) return now.key === run.key
  const formerOf = partIndex(run.parts)
  return now.parts.every((part) => isSamePart(formerOf(part), part))
}

// Counts what a plan compared and found unchanged.
import type { Unchanged } from '../planner/evidence.ts'
import { contentOf, isSamePart, partIndex, subjectOf } from '../planner/part.ts'
import type { PartKind, Plan } from '../planner/domain.ts'
import { canonicalJson } from '../platform/json.ts'

/** Counts the unchanged parts of a plan by kind; a part that several artifacts see counts once. */
export function unchangedOf(plan: Plan): Unchanged {
  const seen = new Map<PartKind, Set<string>>()
  for (const { parts, latest } of plan) {
    const formerOf = partIndex(latest?.parts ?? [])
    for (const part of parts.filter((each) => isSamePart(formerOf(each), each))) {
      const ids = seen.get(part.kind) ?? new Set()
      seen.set(part.kind, ids.add(`${subjectOf(part)} ${canonicalJson(contentOf(part))}`))
    }
  }
  return {
    fresh: plan.filter(({ decision }) => decision.verdict === 'fresh').map(({ node }) => node.name),
    parts: Object.fromEntries([...seen].map(([kind, ids]) => [kind, ids.size])),
  }
}

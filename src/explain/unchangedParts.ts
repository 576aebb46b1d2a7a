import { canonicalJson } from '../platform/json.ts'
import { contentOf, isSamePart, partIndex, subjectOf } from '../planner/part.ts'
import type { Unchanged } from '../planner/evidence.ts'
import type { PartKind, Plan } from '../planner/types.ts'

/** What a plan compared and found as it was. */
export function unchangedOf(plan: Plan): Unchanged {
  const seen = new Map<PartKind, Set<string>>()
  for (const { parts, latest } of plan) {
    const formerOf = partIndex(latest?.parts ?? [])
    for (const part of parts)
      if (isSamePart(formerOf(part), part)) {
        const known = seen.get(part.kind) ?? new Set()
        seen.set(part.kind, known.add(`${subjectOf(part)} ${canonicalJson(contentOf(part))}`))
      }
  }
  return {
    fresh: plan.filter(({ decision }) => decision.verdict === 'fresh').map(({ node }) => node.name),
    parts: Object.fromEntries([...seen].map(([kind, ids]) => [kind, ids.size])),
  }
}

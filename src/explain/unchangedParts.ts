import { canonicalJson, partId } from '../planner/key.ts'
import type { Unchanged } from '../planner/evidence.ts'
import type { PartKind, Plan } from '../planner/types.ts'

/** What a plan compared and found as it was. */
export function unchangedOf(plan: Plan): Unchanged {
  const seen = new Map<PartKind, Set<string>>()
  for (const { parts, latest } of plan) {
    const before = new Map(latest?.parts.map((part) => [partId(part), canonicalJson(part.value)]))
    for (const part of parts)
      if (before.get(partId(part)) === canonicalJson(part.value)) {
        const known = seen.get(part.kind) ?? new Set()
        seen.set(part.kind, known.add(`${part.from ?? part.name} ${canonicalJson(part.value)}`))
      }
  }
  return {
    fresh: plan.filter(({ decision }) => decision.verdict === 'fresh').map(({ node }) => node.name),
    parts: Object.fromEntries([...seen].map(([kind, ids]) => [kind, ids.size])),
  }
}

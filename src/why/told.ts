import { explain } from '../plan/causes.ts'
import { canonicalJson, partId } from '../plan/key.ts'
import type { Plan } from '../plan/plan.ts'
import type { PartKind } from '../store/records.ts'
import type { Survey } from '../workspace/survey.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Told, ToldCause, Unchanged } from '../plan/evidence.ts'
import { gatherEvidence } from './evidence.ts'

/** Tells a plan from its causes, with all that is known of them. */
export async function tell(workspace: Workspace, survey: Survey, plan: Plan): Promise<Told> {
  const { causes, consequences } = explain(plan)
  const told: ToldCause[] = []
  for (const cause of causes)
    told.push({ ...cause, evidence: await gatherEvidence(workspace, survey, plan, cause) })
  return { causes: told, consequences, unchanged: unchangedOf(plan) }
}

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

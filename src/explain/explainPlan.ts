import { explain } from '../planner/causes.ts'
import type { Told, ToldCause } from '../planner/evidence.ts'
import type { Plan } from '../planner/plan.ts'
import type { Survey } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { gatherEvidence } from './evidence.ts'
import { originOf } from './upstreamCauses.ts'
import { unchangedOf } from './unchanged.ts'

/** Tells a plan from its causes, with all that is known of them. */
export async function tell(workspace: Workspace, survey: Survey, plan: Plan): Promise<Told> {
  const { causes, consequences } = explain(plan)
  const told: ToldCause[] = []
  for (const cause of causes) {
    const because = originOf(workspace, cause)
    const evidence = await gatherEvidence(workspace, survey, plan, cause)
    told.push({ ...cause, evidence: because.length > 0 ? { ...evidence, because } : evidence })
  }
  return { causes: told, consequences, unchanged: unchangedOf(plan) }
}

import { analyzeCauses } from '../planner/causes.ts'
import type { Explanation, ExplainedCause } from '../planner/evidence.ts'
import type { Snapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { gatherEvidence } from './evidence.ts'
import { upstreamCauses } from './upstreamCauses.ts'
import { unchangedOf } from './unchangedParts.ts'
import type { Plan } from '../planner/types.ts'

/** Tells a plan from its causes, with all that is known of them. */
export async function explainPlan(
  workspace: Workspace,
  snapshot: Snapshot,
  plan: Plan,
): Promise<Explanation> {
  const { causes, consequences } = analyzeCauses(plan)
  const told: ExplainedCause[] = []
  for (const cause of causes) {
    const because = upstreamCauses(workspace, cause)
    const evidence = await gatherEvidence(workspace, snapshot, plan, cause)
    told.push({ ...cause, evidence: because.length > 0 ? { ...evidence, because } : evidence })
  }
  return { causes: told, consequences, unchanged: unchangedOf(plan) }
}

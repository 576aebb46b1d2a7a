// Explains a plan: its causes with their evidence, what follows from them, and what is unchanged.
import type { Json } from '../api/params.ts'
import { analyzeCauses } from '../planner/causes.ts'
import type { Evidence, ExplainedCause, Explanation } from '../planner/evidence.ts'
import { contentOf } from '../planner/part.ts'
import { recordOf } from '../planner/domain.ts'
import type { Cause, Plan, Planned, Reason } from '../planner/domain.ts'
import type { Snapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { evidenceOf, runId } from './evidence.ts'
import { importChain } from './importChain.ts'
import { RecordSide, WorkspaceSide } from './side.ts'
import { unchangedOf } from './unchangedParts.ts'
import { upstreamCauses } from './upstreamCauses.ts'

/**
 * Explains a plan. Pass the snapshot from which the plan was made. The function takes all verdicts and reasons from the
 * plan and writes nothing.
 */
export async function explainPlan(
  workspace: Workspace,
  snapshot: Snapshot,
  plan: Plan,
): Promise<Explanation> {
  const { causes, consequences } = analyzeCauses(plan)
  const explained: ExplainedCause[] = []
  for (const cause of causes) {
    const planned = plan.find(({ node }) => node.name === cause.artifacts[0])
    const evidence = planned ? await causeEvidence(workspace, snapshot, planned, cause) : {}
    const upstream = await upstreamCauses(workspace, cause)
    explained.push({ ...cause, evidence: upstream.length > 0 ? { ...evidence, upstream } : evidence })
  }
  return { causes: explained, consequences, unchanged: unchangedOf(plan) }
}

/** The evidence of a cause, compared with the latest record of an artifact that sees it. */
async function causeEvidence(
  workspace: Workspace,
  snapshot: Snapshot,
  planned: Planned,
  { reason }: Cause,
): Promise<Evidence> {
  const { node, latest } = planned
  const comparedWith = latest ? { comparedWith: runId(latest) } : {}
  const evidence = await evidenceOf(
    // A lockfile is outdated because its inputs or params changed. The first changed file, if any, explains it.
    reason.kind === 'lockfile' ? (reason.changes.find(isFileChange) ?? reason) : reason,
    new RecordSide(workspace.objects, latest),
    new WorkspaceSide(workspace, snapshot),
  )
  if (reason.kind === 'module') {
    const imports = importChain(workspace.graph, node, reason.module)
    return { ...comparedWith, ...evidence, ...(imports ? { imports } : {}) }
  }
  if (reason.kind === 'changed' && reason.now.kind === 'param') {
    const { name, value } = reason.now
    return { ...comparedWith, values: paramValues(planned, name, contentOf(reason.before), value) }
  }
  if (reason.kind === 'changed' && reason.now.kind === 'output') {
    const producedBy = recordOf(snapshot.latest(reason.now.artifact))
    return { ...comparedWith, ...(producedBy ? { builtBy: runId(producedBy) } : {}) }
  }
  return { ...comparedWith, ...evidence }
}

const isFileChange = (reason: Reason): boolean => reason.kind === 'changed' && reason.now.kind === 'file'

/** The values of a param as a user writes them: text in quotes, a size without. */
function paramValues(
  { node }: Planned,
  name: string,
  before: Json,
  now: Json,
): NonNullable<Evidence['values']> {
  const { type, setBy } = node.params[name] ?? {}
  const written = (value: Json): string => (type === 'size' ? String(value) : JSON.stringify(value))
  return { before: written(before), now: written(now), ...(setBy === undefined ? {} : { setBy }) }
}

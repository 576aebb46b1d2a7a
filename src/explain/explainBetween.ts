// Explains why two builds of an artifact differ, from their records alone.
import { DEFAULT_LIMITS } from '../graph/limits.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { analyzeCauses } from '../planner/causes.ts'
import type { ExplainedCause, Explanation } from '../planner/evidence.ts'
import { differences } from '../planner/reason.ts'
import type { Planned, Reason, RunRecord } from '../planner/domain.ts'
import { sha256 } from '../platform/digest.ts'
import type { ObjectStore } from '../store/objects.ts'
import { evidenceOf, runId } from './evidence.ts'
import { RecordSide } from './side.ts'
import { unchangedOf } from './unchangedParts.ts'

/** The records that two builds used of one artifact; undefined if a build had none, or if the store no longer has it. */
export interface RecordPair {
  readonly artifact: string
  readonly before: RunRecord | undefined
  readonly now: RunRecord | undefined
}

/**
 * Explains why the outputs of two builds differ. The workspace is not read. Pairs must be in the graph's order. An
 * artifact whose two records have the same key is reported as fresh.
 */
export async function explainBetween(
  objects: ObjectStore,
  pairs: readonly RecordPair[],
): Promise<Explanation> {
  const plan = pairs.flatMap(({ artifact, before, now }): Planned[] => {
    if (!now) return []
    const planned = { node: nodeOf(artifact, now), key: now.key, parts: now.parts, latest: before }
    if (before?.key === now.key) return [{ ...planned, decision: { verdict: 'fresh', record: now } }]
    const reasons: readonly Reason[] = before
      ? differences(before, now.parts, now.modules, new Set())
      : [{ kind: 'first-build' }]
    return [{ ...planned, decision: { verdict: 'stale', reasons } }]
  })
  const { causes, consequences } = analyzeCauses(plan)
  const explained: ExplainedCause[] = []
  for (const cause of causes) {
    const { before, now } = pairs.find(({ artifact }) => artifact === cause.artifacts[0]) ?? {}
    if (!before || !now) explained.push({ ...cause, evidence: {} })
    else {
      const sides = [new RecordSide(objects, before), new RecordSide(objects, now)] as const
      const evidence = await evidenceOf(cause.reason, ...sides)
      explained.push({ ...cause, evidence: { comparedWith: runId(before), ...evidence } })
    }
  }
  return { causes: explained, consequences, unchanged: unchangedOf(plan) }
}

/** The declaration of an artifact, as far as its record holds it. */
const nodeOf = (name: string, { parts, outputs, modules }: RunRecord): ArtifactNode => ({
  name,
  inputs: Object.fromEntries(
    parts.flatMap((part) => {
      if (part.kind !== 'output') return []
      const { kind, artifact, output } = part
      return [[part.name, { kind, artifact, output }]]
    }),
  ),
  params: {},
  tools: [],
  env: [],
  outputs,
  network: false,
  limits: DEFAULT_LIMITS,
  code: sha256(''),
  modules: Object.keys(modules),
  declaredIn: [],
})

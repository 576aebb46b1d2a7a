// Traces a changed input that is another artifact's output back to what changed that artifact.
import type { ExplainedCause } from '../planner/evidence.ts'
import { partIndex } from '../planner/part.ts'
import type { Cause, OutputPart, RunRecord } from '../planner/domain.ts'
import type { RecordStore } from '../store/records.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { RecordPair } from './explainBetween.ts'
import { explainBetween } from './explainBetween.ts'

/**
 * Explains why an input that is another artifact's output changed between two builds. Returns the causes of that change,
 * back to the edited files. Compares the run that produced the current output with the run that produced the former one.
 * Empty for other causes, and if the store no longer has a record that this needs.
 */
export async function upstreamCauses(
  { objects, records }: Workspace,
  { reason }: Cause,
): Promise<readonly ExplainedCause[]> {
  if (reason.kind !== 'changed' || reason.before.kind !== 'output' || reason.now.kind !== 'output') return []
  const pairs = new Map<string, RecordPair>()
  addPairs(records, reason.before, reason.now, pairs)
  return (await explainBetween(objects, [...pairs.values()])).causes
}

/**
 * Adds the pair of records that produced the two versions of an output. Adds the pairs of their changed dependencies
 * first.
 */
function addPairs(
  records: RecordStore,
  former: OutputPart,
  current: OutputPart,
  pairs: Map<string, RecordPair>,
): void {
  const { artifact } = current
  const [before, now] = [producerOf(records, former), producerOf(records, current)]
  if (!before || !now || pairs.has(artifact)) return
  const formerOf = partIndex(before.parts)
  for (const part of now.parts) {
    const old = formerOf(part)
    if (part.kind === 'output' && old?.kind === 'output' && old.digest !== part.digest)
      addPairs(records, old, part, pairs)
  }
  pairs.set(artifact, { artifact, before, now })
}

/** The last run that produced an output with this content. */
function producerOf(records: RecordStore, { artifact, output, digest }: OutputPart): RunRecord | undefined {
  return records
    .listOf(artifact)
    .filter(({ outputs }) => outputs[output]?.sha256 === digest)
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0]
}

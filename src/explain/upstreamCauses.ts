import type { ExplainedCause } from '../planner/evidence.ts'
import { partIndex } from '../planner/part.ts'
import type { RecordStore } from '../store/records.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { RecordPair } from './explainBetween.ts'
import { explainBetween } from './explainBetween.ts'
import type { BuildRecord, Cause, OutputPart } from '../planner/types.ts'

/**
 * Where an output that another build has made anew meanwhile differs from: what the run that made it saw otherwise than
 * the one that made the former output, down to what somebody edited. Empty for other causes, and where a record that this
 * needs is no longer kept.
 */
export function upstreamCauses(
  { objects, records }: Workspace,
  { reason }: Cause,
): readonly ExplainedCause[] {
  if (reason.kind !== 'changed' || reason.before.kind !== 'output' || reason.now.kind !== 'output') return []
  const pairs = new Map<string, RecordPair>()
  addPairs(records, reason.before, reason.now, pairs)
  return explainBetween(objects, [...pairs.values()]).causes
}

/** Adds the runs that made an output before and now, after those of what these were made of. */
function addPairs(
  records: RecordStore,
  was: OutputPart,
  is: OutputPart,
  pairs: Map<string, RecordPair>,
): void {
  const { artifact } = is
  const [before, now] = [was, is].map((part) => maker(records, part))
  if (!before || !now || pairs.has(artifact)) return
  const formerOf = partIndex(before.parts)
  for (const part of now.parts) {
    const former = formerOf(part)
    if (part.kind === 'output' && former?.kind === 'output' && former.digest !== part.digest)
      addPairs(records, former, part, pairs)
  }
  pairs.set(artifact, { artifact, before, now })
}

/** A run that made an output, the last of them. */
function maker(records: RecordStore, { artifact, output, digest }: OutputPart): BuildRecord | undefined {
  return records
    .listOf(artifact)
    .filter(({ outputs }) => outputs[output]?.sha256 === digest)
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0]
}

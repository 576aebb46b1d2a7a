import type { ExplainedCause } from '../planner/evidence.ts'
import type { Digest } from '../platform/digest.ts'
import type { RecordStore } from '../store/records.ts'
import { outputOf } from '../store/records.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { RecordPair } from './explainBetween.ts'
import { explainBetween } from './explainBetween.ts'
import type { BuildRecord, Cause, Part } from '../planner/types.ts'

/**
 * Where an output that another build has made anew meanwhile differs from: what the run that made it saw otherwise than
 * the one that made the former output, down to what somebody edited. Empty for other causes, and where a record that this
 * needs is no longer kept.
 */
export function upstreamCauses(
  { objects, records }: Workspace,
  { reason }: Cause,
): readonly ExplainedCause[] {
  if (reason.kind !== 'changed' || reason.now.kind !== 'output') return []
  const pairs = new Map<string, RecordPair>()
  addPairs(records, reason.before, reason.now, pairs)
  return explainBetween(objects, [...pairs.values()]).causes
}

/** Adds the runs that made an output before and now, after those of what these were made of. */
function addPairs(records: RecordStore, was: Part, is: Part, pairs: Map<string, RecordPair>): void {
  const { artifact } = outputOf(is)
  const [before, now] = [was, is].map((part) => maker(records, part))
  if (!before || !now || pairs.has(artifact)) return
  for (const part of now.parts) {
    const former = before.parts.find(({ kind, name }) => kind === part.kind && name === part.name)
    if (part.kind === 'output' && former && former.value !== part.value)
      addPairs(records, former, part, pairs)
  }
  pairs.set(artifact, { artifact, before, now })
}

/** A run that made an output, the last of them. */
function maker(records: RecordStore, part: Part): BuildRecord | undefined {
  const { artifact, output } = outputOf(part)
  const digest: Digest = String(part.value)
  return records
    .listOf(artifact)
    .filter(({ outputs }) => outputs[output]?.sha256 === digest)
    .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0]
}

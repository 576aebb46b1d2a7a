// Shows what changed behind a cause of a past build, line by line, from the records of two runs.
import { unifiedDiff } from '../diff/textDiff.ts'
import { treeChanges } from '../diff/treeChanges.ts'
import type { TreeChange } from '../diff/treeChanges.ts'
import type { PartOf, Reason, RunRecord } from '../planner/domain.ts'
import { digestIn } from '../planner/part.ts'
import { display } from '../platform/rawPath.ts'
import type { ObjectStore } from '../store/objects.ts'
import type { CauseDiffs } from './causeDiffs.ts'
import { joined, NO_DIFFS, paramDiff, textDiff } from './causeDiffs.ts'
import { RecordSide } from './side.ts'

/** How many entries of a tree are compared line by line. */
const COMPARED_ENTRIES = 50

/**
 * Diffs the texts behind the reason of a past run. `before` is the record of the run before, `now` that of the run which had
 * the reason. Does not read the workspace.
 */
export async function recordDiffs(
  objects: ObjectStore,
  reason: Reason,
  before: RunRecord,
  now: RunRecord,
): Promise<CauseDiffs> {
  return diffsOf(reason, new RecordSide(objects, before), new RecordSide(objects, now))
}

async function diffsOf(reason: Reason, before: RecordSide, now: RecordSide): Promise<CauseDiffs> {
  if (reason.kind === 'module') {
    const { module, change } = reason
    return change === 'changed'
      ? textDiff(module, before.moduleText(module), now.moduleText(module))
      : NO_DIFFS
  }
  if (reason.kind === 'lockfile')
    return joined(await Promise.all(reason.changes.map((change) => diffsOf(change, before, now))))
  if (reason.kind !== 'changed') return NO_DIFFS
  const { now: part } = reason
  switch (part.kind) {
    case 'param':
      return paramDiff(part, reason.before)
    case 'file': {
      const digest = digestIn(reason.before)
      if (digest === undefined || part.digest === null || digest === part.digest) return NO_DIFFS
      return textDiff(part.path, before.fileText('', digest), now.fileText('', part.digest))
    }
    case 'tree':
      return treeDiffs(part, digestIn(reason.before), before, now)
    default:
      return NO_DIFFS
  }
}

async function treeDiffs(
  { path: root, digest }: PartOf<'tree'>,
  oldDigest: ReturnType<typeof digestIn>,
  before: RecordSide,
  now: RecordSide,
): Promise<CauseDiffs> {
  const listing = await before.listing(root, oldDigest)
  const listingNow = await now.listing(root, digest ?? undefined)
  if (listing === undefined || listingNow === undefined) return NO_DIFFS
  const changes = treeChanges(listing, listingNow).slice(0, COMPARED_ENTRIES)
  return joined(changes.map((change) => entryDiff(`${root}/${display(change.path)}`, change, before, now)))
}

/** The diff of an entry of a tree; an added or removed file is compared with nothing. */
function entryDiff(
  name: string,
  { change, before: old, now: current }: TreeChange,
  before: RecordSide,
  now: RecordSide,
): CauseDiffs {
  if (change === 'content') return textDiff(name, before.fileText('', old), now.fileText('', current))
  const text =
    change === 'added'
      ? now.fileText('', current)
      : change === 'removed'
        ? before.fileText('', old)
        : undefined
  if (text === undefined) return NO_DIFFS
  return change === 'added'
    ? { diffs: [unifiedDiff(name, undefined, text)], unavailable: [] }
    : { diffs: [unifiedDiff(name, text, undefined)], unavailable: [] }
}

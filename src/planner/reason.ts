// Compares the parts of two runs and gives the reasons for a new run.
import { isSamePart, partId, partIndex } from './part.ts'
import type { Part, Reason, RunRecord } from './domain.ts'

/**
 * How current parts differ from those of a record. Changed code is reported by module. `pendingIds` are the ids of parts
 * that are not known yet; they do not count as removed.
 */
export function differences(
  record: RunRecord,
  parts: readonly Part[],
  modules: Readonly<Record<string, string>>,
  pendingIds: ReadonlySet<string>,
): readonly Reason[] {
  return changedParts(record.parts, parts, pendingIds).flatMap((reason) =>
    reason.kind === 'changed' && reason.now.kind === 'code'
      ? moduleChanges(record.modules, modules)
      : [reason],
  )
}

/** How two lists of parts differ; parts are matched by kind and name. */
export function changedParts(
  before: readonly Part[],
  now: readonly Part[],
  pendingIds: ReadonlySet<string> = new Set(),
): readonly Reason[] {
  const formerOf = partIndex(before)
  const reasons = now.flatMap((part): Reason[] => {
    const former = formerOf(part)
    if (!former) return [{ kind: 'added', now: part }]
    if (isSamePart(former, part)) return []
    return [{ kind: 'changed', before: former, now: part }]
  })
  const ids = new Set(now.map(partId))
  const gone = before.filter((part) => !ids.has(partId(part)) && !pendingIds.has(partId(part)))
  return [...reasons, ...gone.map((part): Reason => ({ kind: 'removed', before: part }))]
}

function moduleChanges(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Reason[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  const changes = names.flatMap((module): Reason[] => {
    if (before[module] === now[module]) return []
    const change = before[module] === undefined ? 'added' : now[module] === undefined ? 'removed' : 'changed'
    return [{ kind: 'module', module, change }]
  })
  return changes.length > 0
    ? changes
    : [{ kind: 'module', module: 'esbuild, or what an import resolves to', change: 'changed' }]
}

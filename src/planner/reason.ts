import { isSamePart, partId, partIndex } from './part.ts'
import type { BuildRecord, Part, Reason } from './types.ts'

/**
 * What differs between the parts of a record and the parts of now. Changed code is told by the modules that changed.
 * `undecided` names parts that are not known yet, since their artifact may still run: they do not count as gone.
 */
export function differences(
  record: BuildRecord,
  parts: readonly Part[],
  modules: Readonly<Record<string, string>>,
  undecided: ReadonlySet<string>,
): readonly Reason[] {
  return changedParts(record.parts, parts, undecided).flatMap((reason) =>
    reason.kind === 'changed' && reason.now.kind === 'code'
      ? moduleChanges(record.modules, modules)
      : [reason],
  )
}

/** What differs between two lists of parts, by kind and name. */
export function changedParts(
  before: readonly Part[],
  now: readonly Part[],
  undecided: ReadonlySet<string> = new Set(),
): readonly Reason[] {
  const formerOf = partIndex(before)
  const reasons = now.flatMap((part): Reason[] => {
    const former = formerOf(part)
    if (!former) return [{ kind: 'added', now: part }]
    if (isSamePart(former, part)) return []
    return [{ kind: 'changed', before: former, now: part }]
  })
  const ids = new Set(now.map(partId))
  const gone = before.filter((part) => !ids.has(partId(part)) && !undecided.has(partId(part)))
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
    : [{ kind: 'module', module: 'the compiler of the distro’s code', change: 'changed' }]
}

import type { BuildRecord, Part } from '../store/records.ts'
import { canonicalJson, partId } from './key.ts'

/** Why an artifact is not fresh, as data: `why`, `--json` and the progress lines only render it. */
export type Reason =
  | { readonly kind: 'first-build' }
  | { readonly kind: 'forced' }
  | { readonly kind: 'changed'; readonly before: Part; readonly now: Part }
  | { readonly kind: 'added'; readonly now: Part }
  | { readonly kind: 'removed'; readonly before: Part }
  | { readonly kind: 'module'; readonly module: string; readonly change: 'changed' | 'added' | 'removed' }
  | {
      readonly kind: 'lock'
      readonly lock: string
      readonly state: 'missing' | 'outdated'
      readonly path: string
    }
  | { readonly kind: 'record-damaged' }
  | { readonly kind: 'record-lost' }
  | { readonly kind: 'object-missing'; readonly output: string }
  | { readonly kind: 'output-missing'; readonly path: string }
  | { readonly kind: 'output-changed'; readonly path: string; readonly what: string }
  | { readonly kind: 'depends'; readonly artifact: string }

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
  const before = new Map(record.parts.map((part) => [partId(part), part]))
  const reasons: Reason[] = []
  for (const now of parts) {
    const old = before.get(partId(now))
    if (old && canonicalJson(old.value) === canonicalJson(now.value)) continue
    if (now.kind === 'code') reasons.push(...moduleChanges(record.modules, modules))
    else reasons.push(old ? { kind: 'changed', before: old, now } : { kind: 'added', now })
  }
  const ids = new Set(parts.map(partId))
  for (const [id, old] of before)
    if (!ids.has(id) && !undecided.has(id)) reasons.push({ kind: 'removed', before: old })
  return reasons
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

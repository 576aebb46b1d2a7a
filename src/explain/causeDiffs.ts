import type { Bytes } from '../platform/bytes.ts'
import { toBytes } from '../platform/bytes.ts'
import { pathOfLabel } from '../config/sourceFiles.ts'
import { contentOf, digestIn } from '../planner/part.ts'
import { readTexts, textAt } from '../store/texts.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { unifiedDiff } from '../diff/textDiff.ts'
import type { EntryChange, ExplainedCause } from '../planner/evidence.ts'
import type { BuildRecord, Planned } from '../planner/types.ts'

/** Unified diffs, and the paths of what has none. */
export interface Diffs {
  readonly diffs: readonly string[]
  readonly notKept: readonly string[]
}

/**
 * What changed behind a cause, line by line: unified diffs of texts and of params written as JSON. Empty where there is
 * nothing to compare line by line, or where the former text was not kept; `notKept` names those.
 */
export function diffsOf(
  workspace: Workspace,
  planned: readonly Planned[],
  { reason, artifacts, evidence }: ExplainedCause,
): Diffs {
  const latest = planned.find(({ node }) => node.name === artifacts[0])?.latest
  const sides = new Sides(workspace, latest)
  if (reason.kind === 'module')
    return sides.compare(
      reason.module,
      latest?.modules[reason.module],
      pathOfLabel(workspace.files, reason.module, workspace.locations.root),
    )
  if (reason.kind === 'lockfile') {
    const all = reason.changes.map((change) =>
      diffsOf(workspace, planned, { reason: change, artifacts, evidence }),
    )
    return { diffs: all.flatMap(({ diffs }) => diffs), notKept: all.flatMap(({ notKept }) => notKept) }
  }
  if (reason.kind !== 'changed') return { diffs: [], notKept: [] }
  const { before, now } = reason
  if (now.kind === 'param' && typeof now.value !== 'object') return { diffs: [], notKept: [] }
  if (now.kind === 'param') {
    const text = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`
    return {
      diffs: [unifiedDiff(`param ${now.name}`, text(contentOf(before)), text(now.value))],
      notKept: [],
    }
  }
  const root = workspace.locations.root
  if (now.kind === 'file') return sides.compare(now.path, digestIn(before), `${root}/${now.path}`)
  if (now.kind !== 'tree') return { diffs: [], notKept: [] }
  const compared = (evidence.entries ?? [])
    .filter(hasText)
    .map(({ path, change, before: old }) => sides.compare(path, old, `${root}/${path}`, change))
  return {
    diffs: compared.flatMap(({ diffs }) => diffs),
    notKept: compared.flatMap(({ notKept }) => notKept),
  }
}

const hasText = ({ change }: EntryChange): boolean => ['added', 'removed', 'content'].includes(change)

class Sides {
  readonly #workspace: Workspace
  readonly #former: ReadonlyMap<string, string>

  constructor(workspace: Workspace, latest: BuildRecord | undefined) {
    this.#workspace = workspace
    this.#former = readTexts(workspace.objects, latest?.sourceTexts)
  }

  /** Compares the former text of a path with the one that is there; a path that came or went has only one side. */
  compare(
    shown: string,
    before: string | undefined,
    path: string,
    change: EntryChange['change'] = 'content',
  ): Diffs {
    const former = before === undefined ? undefined : this.#former.get(before)
    const now = textAt(this.#workspace.disk, toBytes(path))
    const isText =
      change === 'added' ? this.#workspace.disk.lstat(toBytes(path))?.type === 'file' : before !== undefined
    if (!isText) return { diffs: [], notKept: [] }
    const missing =
      (change !== 'added' && former === undefined) || (change !== 'removed' && now === undefined)
    if (missing) return { diffs: [], notKept: [shown] }
    return {
      diffs: [
        unifiedDiff(shown, change === 'added' ? undefined : former, change === 'removed' ? undefined : now),
      ],
      notKept: [],
    }
  }
}

/**
 * The two versions of an output that a cause is about, as paths: what was built, and what stands in its place or what an
 * artifact takes now. Undefined for other causes, and where one of the two is no longer there.
 */
export function outputSides(
  { disk, objects, locations }: Workspace,
  planned: readonly Planned[],
  { reason, artifacts }: ExplainedCause,
): { readonly before: Bytes; readonly now: Bytes } | undefined {
  const sides = (before: Bytes, now: Bytes): { before: Bytes; now: Bytes } | undefined =>
    [before, now].every((path) => disk.lstat(path)?.type === 'file') ? { before, now } : undefined
  if (reason.kind === 'changed' && reason.before.kind === 'output' && reason.now.kind === 'output')
    return sides(objects.path(reason.before.digest), objects.path(reason.now.digest))
  if (reason.kind !== 'output-changed') return undefined
  const latest = planned.find(({ node }) => node.name === artifacts[0])?.latest
  const output = Object.values(latest?.outputs ?? {}).find(({ path }) => path === reason.path)
  return output && sides(objects.path(output.sha256), toBytes(`${locations.output}/${reason.path}`))
}

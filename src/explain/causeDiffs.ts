// Shows what changed behind a cause, line by line.
import { unifiedDiff } from '../diff/textDiff.ts'
import type { EntryChange, ExplainedCause } from '../planner/evidence.ts'
import { contentOf, digestIn } from '../planner/part.ts'
import type { Part, PartOf, Planned } from '../planner/domain.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { RecordSide, WorkspaceSide } from './side.ts'

/** Unified diffs, and the paths that have none although they changed. */
export interface CauseDiffs {
  readonly diffs: readonly string[]
  /** Paths whose text is unknown on one side: too large, not text, or no longer in the store. */
  readonly unavailable: readonly string[]
}

export const NO_DIFFS: CauseDiffs = { diffs: [], unavailable: [] }

/** Diffs the texts behind a cause, and params as JSON. No diffs if the cause has nothing to compare line by line. */
export function causeDiffs(
  workspace: Workspace,
  planned: readonly Planned[],
  { reason, artifacts, evidence }: ExplainedCause,
): CauseDiffs {
  const latest = planned.find(({ node }) => node.name === artifacts[0])?.latest
  const before = new RecordSide(workspace.objects, latest)
  const now = new WorkspaceSide(workspace)
  if (reason.kind === 'module') {
    const { module } = reason
    if (latest?.modules[module] === undefined) return NO_DIFFS
    return textDiff(module, before.moduleText(module), now.moduleText(module))
  }
  if (reason.kind === 'lockfile')
    return joined(
      reason.changes.map((change) => causeDiffs(workspace, planned, { reason: change, artifacts, evidence })),
    )
  if (reason.kind !== 'changed') return NO_DIFFS
  const { now: part } = reason
  switch (part.kind) {
    case 'param':
      return paramDiff(part, reason.before)
    case 'file': {
      const [path, digest] = [toRawPath(part.path), digestIn(reason.before)]
      if (digest === undefined) return NO_DIFFS
      return textDiff(part.path, before.fileText(path, digest), now.fileText(path))
    }
    case 'tree':
      return joined((evidence.entries ?? []).map((entry) => entryDiff(workspace, before, now, entry)))
    default:
      return NO_DIFFS
  }
}

/** The diff of a param whose value is a list or an object. */
export function paramDiff({ name, value }: PartOf<'param'>, before: Part): CauseDiffs {
  if (typeof value !== 'object') return NO_DIFFS
  const text = (json: unknown): string => `${JSON.stringify(json, undefined, 2)}\n`
  return textDiff(`param ${name}`, text(contentOf(before)), text(value))
}

/** All diffs of several changes. */
export const joined = (all: readonly CauseDiffs[]): CauseDiffs => ({
  diffs: all.flatMap(({ diffs }) => diffs),
  unavailable: all.flatMap(({ unavailable }) => unavailable),
})

/** The diff of a text, if both versions are known. */
export function textDiff(name: string, before: string | undefined, now: string | undefined): CauseDiffs {
  if (before === undefined || now === undefined) return { diffs: [], unavailable: [name] }
  return { diffs: [unifiedDiff(name, before, now)], unavailable: [] }
}

/** The diff of a file of a tree; an added or removed one is compared with nothing. */
function entryDiff(
  { disk, locations }: Workspace,
  before: RecordSide,
  now: WorkspaceSide,
  { path: shown, change, before: digest }: EntryChange,
): CauseDiffs {
  const path = toRawPath(shown)
  if (change === 'added') {
    if (disk.lstat(toRawPath(`${locations.root}/${shown}`))?.type !== 'file') return NO_DIFFS
    const text = now.fileText(path)
    return text === undefined
      ? { diffs: [], unavailable: [shown] }
      : { diffs: [unifiedDiff(shown, undefined, text)], unavailable: [] }
  }
  if (digest === undefined) return NO_DIFFS
  const old = before.fileText(path, digest)
  if (change === 'content') return textDiff(shown, old, now.fileText(path))
  if (change !== 'removed') return NO_DIFFS
  return old === undefined
    ? { diffs: [], unavailable: [shown] }
    : { diffs: [unifiedDiff(shown, old, undefined)], unavailable: [] }
}

/**
 * The files of both versions of an output that a cause is about: the version that lbuild built, and the current one,
 * which was edited in the output directory or rebuilt by a dependency. Undefined for other causes, and if one of the
 * two no longer exists.
 */
export function outputVersions(
  { disk, objects, locations }: Workspace,
  planned: readonly Planned[],
  { reason, artifacts }: ExplainedCause,
): { readonly before: RawPath; readonly now: RawPath } | undefined {
  const versions = (before: RawPath, now: RawPath): { before: RawPath; now: RawPath } | undefined =>
    [before, now].every((path) => disk.lstat(path)?.type === 'file') ? { before, now } : undefined
  if (reason.kind === 'changed' && reason.before.kind === 'output' && reason.now.kind === 'output')
    return versions(objects.path(reason.before.digest), objects.path(reason.now.digest))
  if (reason.kind !== 'output-changed') return undefined
  const latest = planned.find(({ node }) => node.name === artifacts[0])?.latest
  const output = Object.values(latest?.outputs ?? {}).find(({ path }) => path === reason.path)
  return output && versions(objects.path(output.sha256), toRawPath(`${locations.output}/${reason.path}`))
}

// Gathers the evidence of a change: which lines, entries, packages or versions differ between two sides.
import { packageChanges } from '../diff/packageChanges.ts'
import { textChangeOf } from '../diff/textDiff.ts'
import type { TreeChange } from '../diff/treeChanges.ts'
import { treeChanges } from '../diff/treeChanges.ts'
import type { EntryChange, Evidence, RunId } from '../planner/evidence.ts'
import { digestIn } from '../planner/part.ts'
import type { PartOf, Reason, RunRecord } from '../planner/domain.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { display, toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import type { EditedSubject, Side } from './side.ts'

/** How many entries of a tree evidence lists; the others are counted. */
const LISTED_ENTRIES = 200

/** Collects the evidence for a reason. `before` is the past run; `now` is the current state or the later run. */
export async function evidenceOf(reason: Reason, before: Side, now: Side): Promise<Evidence> {
  if (reason.kind === 'module') {
    const { module } = reason
    const text = textChangeOf(module, before.moduleText(module), now.moduleText(module))
    return { ...lastEdit(now, { kind: 'module', label: module }), text }
  }
  if (reason.kind === 'output-changed') return lastEdit(now, { kind: 'output', path: toRawPath(reason.path) })
  if (reason.kind !== 'changed') return {}
  const { now: part } = reason
  const [old, current] = [digestIn(reason.before), digestIn(part)]
  switch (part.kind) {
    case 'file': {
      const path = toRawPath(part.path)
      const text = textChangeOf(part.path, before.fileText(path, old), now.fileText(path, current))
      return { ...lastEdit(now, { kind: 'file', path }), text }
    }
    case 'tree':
      return treeEvidence(part, old, before, now)
    case 'tool':
      return toolEvidence(part, old, before, now)
    case 'downloads': {
      const files = before.downloads(part.lockfile, old)
      const filesNow = now.downloads(part.lockfile, current)
      return {
        ...lastEdit(now, { kind: 'lockfile', name: part.lockfile }),
        ...(files && filesNow ? { packages: packageChanges(files, filesNow) } : {}),
      }
    }
    default:
      return {}
  }
}

async function treeEvidence(
  { path: root, digest }: PartOf<'tree'>,
  oldDigest: Digest | undefined,
  before: Side,
  now: Side,
): Promise<Evidence> {
  const [listing, listingNow] = [
    await before.listing(root, oldDigest),
    await now.listing(root, digest ?? undefined),
  ]
  if (listing === undefined || listingNow === undefined) return {}
  const changes = treeChanges(listing, listingNow)
  const listed = changes.slice(0, LISTED_ENTRIES)
  const pathOf = ({ path }: TreeChange): RawPath => `${toRawPath(root)}/${path}`
  const edits = listed
    .filter(({ change }) => change !== 'removed')
    .map((entry) => now.editedAt({ kind: 'file', path: pathOf(entry) }) ?? 0)
  const newest = Math.max(0, ...edits)
  return {
    ...(newest > 0 ? { editedAt: newest } : {}),
    entries: listed.map((entry) =>
      entryChange(`${root}/${display(entry.path)}`, pathOf(entry), entry, before, now),
    ),
    ...(changes.length > listed.length ? { moreEntries: changes.length - listed.length } : {}),
  }
}

/** The changed files of a tool: the executable, an interpreter, a library, or a file beside it. */
async function toolEvidence(
  { name, digest }: PartOf<'tool'>,
  oldDigest: Digest | undefined,
  before: Side,
  now: Side,
): Promise<Evidence> {
  const [version, versionNow] = [await before.toolVersion(name), await now.toolVersion(name)]
  const versions = {
    ...(version === undefined ? {} : { before: version }),
    ...(versionNow === undefined ? {} : { now: versionNow }),
  }
  const listing = await before.toolListing(name, oldDigest)
  const listingNow = await now.toolListing(name, digest ?? undefined)
  if (listing === undefined || listingNow === undefined) return { versions }
  const changes = treeChanges(listing, listingNow)
  const edits = changes
    .filter(({ change }) => change !== 'removed')
    .map(({ path }) => now.editedAt({ kind: 'tool', name, file: path }) ?? 0)
  const newest = Math.max(0, ...edits)
  return {
    ...(newest > 0 ? { editedAt: newest } : {}),
    entries: changes.slice(0, LISTED_ENTRIES).map(({ path, change, before: old, values }) => ({
      path: display(now.toolFile(name, path) ?? path),
      change,
      ...(old === undefined ? {} : { before: old }),
      ...(values ? { values } : {}),
    })),
    ...(changes.length > LISTED_ENTRIES ? { moreEntries: changes.length - LISTED_ENTRIES } : {}),
    versions,
  }
}

function entryChange(
  shownPath: string,
  path: RawPath,
  { change, before: old, now: current, values }: TreeChange,
  before: Side,
  now: Side,
): EntryChange {
  const text =
    change === 'content'
      ? textChangeOf(shownPath, before.fileText(path, old), now.fileText(path, current))
      : { path: shownPath }
  return {
    ...text,
    change,
    ...(old === undefined ? {} : { before: old }),
    ...(values ? { values } : {}),
  }
}

function lastEdit(side: Side, subject: EditedSubject): Pick<Evidence, 'editedAt'> {
  const editedAt = side.editedAt(subject)
  return editedAt === undefined ? {} : { editedAt }
}

/** The identity of a run, as evidence names it. */
export const runId = ({ build, startedAt }: RunRecord): RunId => ({ build, startedAt })

import type { Bytes } from '../platform/bytes.ts'
import { display, fromBytes, toBytes } from '../platform/bytes.ts'
import type { Digest } from '../platform/digest.ts'
import { isLibrary } from '../config/labels.ts'
import { pathOfLabel } from '../config/sourceFiles.ts'
import type { LockedFile } from '../api/lockfile.ts'
import { listingIfThere } from '../fingerprint/tree.ts'
import type { EntryChange, Evidence, TextChange } from '../planner/evidence.ts'
import { readTexts, textAt } from '../store/texts.ts'
import type { Snapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { READ_ONLY_SANDBOX } from '../diff/readOnlySandbox.ts'
import { importChain } from './importChain.ts'
import { textChangeOf } from '../diff/textDiff.ts'
import { packageChanges } from '../diff/packageChanges.ts'
import { treeChanges } from '../diff/treeChanges.ts'
import type { Json } from '../api/params.ts'
import { contentOf, digestIn } from '../planner/part.ts'
import { recordOf } from '../planner/types.ts'
import type { BuildRecord, Cause, Part, PartOf, Planned, Reason } from '../planner/types.ts'

/** How many entries of a tree evidence holds; the others are counted. */
export const ENTRIES = 200

/** Looks for what is known of a cause: in the workspace, in the record that is compared with, in the store. */
export async function gatherEvidence(
  workspace: Workspace,
  snapshot: Snapshot,
  planned: readonly Planned[],
  cause: Cause,
): Promise<Evidence> {
  const one = planned.find(({ node }) => node.name === cause.artifacts[0])!
  const latest = one.latest
  const since = latest && { since: runOf(latest) }
  const former = readTexts(workspace.objects, latest?.sourceTexts)
  const { reason } = cause
  switch (reason.kind) {
    case 'changed':
      if (!latest) return {}
      if (reason.now.kind === 'param')
        return { ...since, values: paramValuesOf(one, contentOf(reason.before), reason.now) }
      return {
        ...since,
        ...(await changeEvidence(workspace, snapshot, latest, former, digestIn(reason.before), reason.now)),
      }
    case 'module': {
      const path = pathOfLabel(workspace.files, reason.module, workspace.locations.root)
      const imports = importChain(workspace.graph, one.node, reason.module)
      const text = isLibrary(reason.module)
        ? {}
        : {
            text: textChange(workspace, former, reason.module, toBytes(path), latest?.modules[reason.module]),
          }
      return { ...since, ...editedAt(workspace, path), ...(imports ? { imports } : {}), ...text }
    }
    case 'lockfile':
      return { ...since, ...askedEvidence(workspace, former, reason.changes) }
    case 'output-changed':
      return { ...since, ...editedAt(workspace, `${workspace.locations.output}/${reason.path}`) }
    default:
      return { ...since }
  }
}

/** Texts of the run that is compared with, by their digests. */
type Texts = ReadonlyMap<Digest, string>

/** Values of a param as they are written: text in quotes, a size without. */
function paramValuesOf(
  { node }: Planned,
  before: Json,
  now: PartOf<'param'>,
): NonNullable<Evidence['values']> {
  const { type, setBy } = node.params[now.name] ?? {}
  const isSize = type === 'size'
  const written = (value: Json): string => (isSize ? String(value) : JSON.stringify(value))
  return { before: written(before), now: written(now.value), ...(setBy === undefined ? {} : { setBy }) }
}

async function changeEvidence(
  workspace: Workspace,
  snapshot: Snapshot,
  latest: BuildRecord,
  former: Texts,
  before: Digest | undefined,
  now: Part,
): Promise<Evidence> {
  const root = workspace.locations.root
  switch (now.kind) {
    case 'file': {
      const path = `${root}/${now.path}`
      return {
        ...editedAt(workspace, path),
        text: textChange(workspace, former, now.path, toBytes(path), before),
      }
    }
    case 'tree':
      return treeEvidence(workspace, snapshot, former, before, now.path)
    case 'tool': {
      const version = latest.toolVersions[now.name]
      const { toolVersion } = await import('../platform/version.ts')
      const tool = snapshot.tools.get(now.name)
      const current = tool && (await toolVersion(fromBytes(tool.path), [...READ_ONLY_SANDBOX, '--']))
      return {
        ...(tool ? editedAt(workspace, fromBytes(tool.path)) : {}),
        versions: {
          ...(version === undefined ? {} : { before: version }),
          ...(current === undefined ? {} : { now: current }),
        },
      }
    }
    case 'downloads':
      return lockEvidence(workspace, snapshot, former, before, now.lockfile)
    case 'output': {
      const maker = recordOf(snapshot.latest(now.artifact))
      return maker ? { madeBy: runOf(maker) } : {}
    }
    default:
      return {}
  }
}

async function treeEvidence(
  workspace: Workspace,
  snapshot: Snapshot,
  former: Texts,
  before: Digest | undefined,
  from: string,
): Promise<Evidence> {
  const listed = before && workspace.objects.readText(before)
  const listing = await listingIfThere(snapshot.trees.get(from))
  if (listed === undefined || listing === undefined) return {}
  const changes = treeChanges(listed, listing)
  const listedChanges = changes.slice(0, ENTRIES)
  const placeOf = (path: Bytes): Bytes => `${toBytes(`${workspace.locations.root}/${from}`)}/${path}`
  const entries = listedChanges.map(({ path, change, before: old, values }): EntryChange => {
    const shown = `${from}/${display(path)}`
    const text =
      change === 'content' ? textChange(workspace, former, shown, placeOf(path), old) : { path: shown }
    return {
      ...text,
      change,
      ...(old === undefined ? {} : { before: old }),
      ...(values ? { values } : {}),
    }
  })
  const times = listedChanges
    .filter(({ change }) => change !== 'removed')
    .map(({ path }) => workspace.disk.lstat(placeOf(path))?.mtimeNs ?? 0n)
  const newest = times.reduce((most, time) => (time > most ? time : most), 0n)
  return {
    ...(newest > 0n ? { editedAt: Number(newest / 1_000_000n) } : {}),
    entries,
    ...(changes.length > ENTRIES ? { moreEntries: changes.length - ENTRIES } : {}),
  }
}

function lockEvidence(
  workspace: Workspace,
  snapshot: Snapshot,
  former: Texts,
  before: Digest | undefined,
  lockfile: string,
): Evidence {
  const lock = snapshot.lockfiles.find(({ node }) => node.name === lockfile)
  const text = before && former.get(before)
  if (!lock?.content) return {}
  const edited = editedAt(workspace, `${workspace.locations.root}/${lock.node.path}`)
  if (text === undefined) return edited
  return { ...edited, packages: packageChanges(JSON.parse(text) as LockedFile[], lock.content.files) }
}

/** The files that a lock is resolved from and that changed. */
function askedEvidence(workspace: Workspace, former: Texts, changes: readonly Reason[]): Evidence {
  const root = workspace.locations.root
  const texts = changes.flatMap((change): TextChange[] => {
    if (change.kind !== 'changed' || change.now.kind !== 'file') return []
    const { path } = change.now
    return [textChange(workspace, former, path, toBytes(`${root}/${path}`), digestIn(change.before))]
  })
  const [first] = texts
  return first ? { ...editedAt(workspace, `${root}/${first.path}`), text: first } : {}
}

/** What is known of a changed text: how many lines came and went, if the former text was kept. */
function textChange(
  { disk }: Workspace,
  former: Texts,
  shown: string,
  path: Bytes,
  before: Digest | undefined,
): TextChange {
  return textChangeOf(shown, before === undefined ? undefined : former.get(before), textAt(disk, path))
}

export const runOf = ({ build, startedAt }: BuildRecord): { build: string; startedAt: string } => ({
  build,
  startedAt,
})

function editedAt({ disk }: Workspace, path: string): { editedAt?: number } {
  const stat = disk.lstat(toBytes(path))
  return stat ? { editedAt: Number(stat.mtimeNs / 1_000_000n) } : {}
}

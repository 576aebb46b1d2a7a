import { display } from '../platform/bytes.ts'
import type { LockedFile } from '../api/lockfile.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { analyzeCauses } from '../planner/causes.ts'
import type { EntryChange, Evidence, Explanation } from '../planner/evidence.ts'
import { differences } from '../planner/reason.ts'
import type { ObjectStore } from '../store/objects.ts'
import { readTexts } from '../store/texts.ts'
import { ENTRIES, runOf } from './evidence.ts'
import { textChangeOf } from '../diff/textDiff.ts'
import { packageChanges } from '../diff/packageChanges.ts'
import { unchangedOf } from './unchangedParts.ts'
import { treeChanges } from '../diff/treeChanges.ts'
import { digestIn } from '../planner/part.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import type { BuildRecord, Planned, Reason } from '../planner/types.ts'

/** What two builds used of one artifact; missing where one of them had none, or where it is no longer kept. */
export interface RecordPair {
  readonly artifact: string
  readonly before: BuildRecord | undefined
  readonly now: BuildRecord | undefined
}

/**
 * Tells why what one build had differs from what another had, from the records alone: nothing of the workspace is looked
 * at. Pairs stand in the graph's order; of an artifact whose two records have one key nothing is to be told.
 */
export function explainBetween(objects: ObjectStore, pairs: readonly RecordPair[]): Explanation {
  const plan = pairs.flatMap(({ artifact, before, now }): Planned[] => {
    if (!now) return []
    const node = nodeOf(artifact, now)
    const planned = { node, key: now.key, parts: now.parts, latest: before }
    if (before?.key === now.key) return [{ ...planned, decision: { verdict: 'fresh', record: now } }]
    const reasons: readonly Reason[] = before
      ? differences(before, now.parts, now.modules, new Set())
      : [{ kind: 'first-build' }]
    return [{ ...planned, decision: { verdict: 'stale', reasons } }]
  })
  const { causes, consequences } = analyzeCauses(plan)
  const records = new Map(pairs.map((pair) => [pair.artifact, pair]))
  const told = causes.map((cause) => {
    const { before, now } = records.get(cause.artifacts[0]!)!
    return { ...cause, evidence: before && now ? evidenceBetween(objects, before, now, cause.reason) : {} }
  })
  return { causes: told, consequences, unchanged: unchangedOf(plan) }
}

/** As much of an artifact as its record says. */
const nodeOf = (name: string, { parts, outputs, modules }: BuildRecord): ArtifactNode => ({
  name,
  inputs: Object.fromEntries(
    parts.flatMap((part) => {
      return part.kind === 'output'
        ? [[part.name, { kind: part.kind, artifact: part.artifact, output: part.output }]]
        : []
    }),
  ),
  params: {},
  tools: [],
  env: [],
  outputs,
  network: false,
  code: sha256(''),
  modules: Object.keys(modules),
  declaredIn: [],
})

function evidenceBetween(
  objects: ObjectStore,
  before: BuildRecord,
  now: BuildRecord,
  reason: Reason,
): Evidence {
  const [old, current] = [readTexts(objects, before.sourceTexts), readTexts(objects, now.sourceTexts)]
  const since = { since: runOf(before) }
  if (reason.kind === 'module') {
    const { module } = reason
    return {
      ...since,
      text: textChangeOf(module, lookUp(old, before.modules[module]), lookUp(current, now.modules[module])),
    }
  }
  if (reason.kind !== 'changed') return since
  const is = reason.now
  const [formerDigest, digest] = [digestIn(reason.before), digestIn(is)]
  switch (is.kind) {
    case 'file':
      return {
        ...since,
        text: textChangeOf(is.path, lookUp(old, formerDigest), lookUp(current, digest)),
      }
    case 'tree': {
      const [listed, listing] = [formerDigest, digest].map((each) => each && objects.readText(each))
      if (listed === undefined || listing === undefined) return since
      const changes = treeChanges(listed, listing)
      const entries = changes.slice(0, ENTRIES).map((entry): EntryChange => {
        const path = `${is.path}/${display(entry.path)}`
        const text =
          entry.change === 'content'
            ? textChangeOf(path, old.get(entry.before!), current.get(entry.now!))
            : { path }
        return { ...text, change: entry.change, ...(entry.values ? { values: entry.values } : {}) }
      })
      const more = changes.length - entries.length
      return { ...since, entries, ...(more > 0 ? { moreEntries: more } : {}) }
    }
    case 'tool': {
      const [version, versionNow] = [before.toolVersions[is.name], now.toolVersions[is.name]]
      return {
        ...since,
        versions: {
          ...(version === undefined ? {} : { before: version }),
          ...(versionNow === undefined ? {} : { now: versionNow }),
        },
      }
    }
    case 'downloads': {
      const [files, filesNow] = [lookUp(old, formerDigest), lookUp(current, digest)]
      if (files === undefined || filesNow === undefined) return since
      return {
        ...since,
        packages: packageChanges(JSON.parse(files) as LockedFile[], JSON.parse(filesNow) as LockedFile[]),
      }
    }
    default:
      return since
  }
}

const lookUp = (texts: ReadonlyMap<Digest, string>, digest: Digest | undefined): string | undefined =>
  digest === undefined ? undefined : texts.get(digest)

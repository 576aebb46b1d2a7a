// Commits what a run produced and saw to the store.
import { toRawPath } from '../platform/rawPath.ts'
import { listingIfThere } from '../fingerprint/tree.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { treeId } from '../graph/treeId.ts'
import { lockfilesOf } from '../graph/graph.ts'
import type { SessionContext } from './sessionContext.ts'
import { lockfileSnapshot } from '../workspace/snapshot.ts'
import { commitTexts } from './storeTexts.ts'
import { producerOwner } from '../sandbox/namespaces.ts'
import type { WorkDirectory } from '../sandbox/workDirectory.ts'
import { isSamePart, partIndex } from '../planner/part.ts'
import type { Planned, RecordedOutput, RunRecord } from '../planner/domain.ts'
import type { Runnable } from './runningProducer.ts'

/**
 * Commits the result of a run: first the objects, then the record that names them, so that a crash never leaves a record
 * without its objects. Resolves with the record. `key` is the key with which the artifact ran.
 */
export async function commitResult(
  context: SessionContext,
  { node, key, parts }: Runnable,
  work: WorkDirectory,
  run: Pick<RunRecord, 'startedAt' | 'seconds' | 'sandboxed' | 'toolVersions'>,
): Promise<RunRecord> {
  const { graph, records } = context.workspace
  const outputs = commitOutputs(context, node, work)
  await commitListings(context, node)
  const texts = await commitTexts(context, node, work)
  const record: RunRecord = {
    artifact: node.name,
    key,
    parts,
    outputs,
    modules: Object.fromEntries(
      node.modules.flatMap((label) => {
        const digest = graph.modules[label]
        return digest === undefined ? [] : [[label, digest]]
      }),
    ),
    lockfileRequests: Object.fromEntries(
      lockfilesOf(node).map((name) => [name, lockfileSnapshot(context.snapshot, name).requestParts]),
    ),
    ...(texts === undefined ? {} : { sourceTexts: texts }),
    build: context.build,
    ...run,
  }
  records.add(record)
  return record
}

/**
 * Moves each output into the store. If the file belongs to another user than user 0 of the sandbox, or has more than one hard
 * link, copies it instead.
 */
function commitOutputs(
  { workspace: { disk, objects } }: SessionContext,
  node: ArtifactNode,
  work: WorkDirectory,
): RunRecord['outputs'] {
  const outputs = Object.entries(node.outputs).map(
    ([name, { path, published }]): [string, RecordedOutput] => {
      const file = toRawPath(`${work.outputs}/${name}`)
      const stat = disk.lstat(file)
      const ours = stat?.links === 1 && [process.geteuid?.(), producerOwner()?.uid].includes(stat.uid)
      const object = ours ? objects.adopt(file) : objects.copyIn(file)
      return [name, { path, published, ...object }]
    },
  )
  return Object.fromEntries(outputs)
}

/** Stores the listings of the input trees and the tools, so that a later change can be reported by name. */
async function commitListings({ workspace, snapshot }: SessionContext, node: ArtifactNode): Promise<void> {
  for (const input of Object.values(node.inputs)) {
    const tree = input.kind === 'tree' ? snapshot.trees.get(treeId(input)) : undefined
    const listing = await listingIfThere(tree)
    if (listing !== undefined) workspace.objects.putText(listing)
  }
  for (const { name } of node.tools) {
    const listing = await listingIfThere(snapshot.tools.get(name))
    if (listing !== undefined) workspace.objects.putText(listing)
  }
}

/** The tools whose versions must be asked for: those that changed since the last record. */
export const toolsToAsk = ({ node, parts, latest }: Planned): readonly string[] => {
  const formerOf = partIndex(latest?.parts ?? [])
  const changed = parts.filter((part) => part.kind === 'tool' && !isSamePart(formerOf(part), part))
  return node.tools.map(({ name }) => name).filter((tool) => changed.some(({ name }) => name === tool))
}

/** The versions of all tools, for display: those that were just asked for, and the others from the last record. */
export function toolVersions(
  planned: Planned,
  asked: RunRecord['toolVersions'] = {},
): RunRecord['toolVersions'] {
  const changed = toolsToAsk(planned)
  const known = Object.entries(planned.latest?.toolVersions ?? {}).filter(([name]) => !changed.includes(name))
  return { ...Object.fromEntries(known), ...asked }
}

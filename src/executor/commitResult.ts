import { toBytes } from '../platform/bytes.ts'
import { listingIfThere } from '../fingerprint/tree.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { lockfilesOf } from '../graph/graph.ts'
import type { RunContext } from './context.ts'
import { lockfileSnapshot } from '../workspace/snapshot.ts'
import { commitTexts } from './texts.ts'
import type { WorkDirectory } from '../sandbox/workDirectory.ts'
import { isSamePart, partIndex } from '../planner/part.ts'
import type { BuildRecord, Planned, RecordedOutput } from '../planner/types.ts'

/** Keeps what a run made and what it saw: objects first, then the record that names them. Gives the record. */
export async function commitResult(
  context: RunContext,
  { node, key, parts }: Planned,
  work: WorkDirectory,
  run: Pick<BuildRecord, 'startedAt' | 'seconds' | 'sandboxed' | 'toolVersions'>,
): Promise<BuildRecord> {
  const { graph, records } = context.workspace
  const outputs = keepOutputs(context, node, work)
  await keepTrees(context, node)
  const texts = await commitTexts(context, node, work)
  const record: BuildRecord = {
    artifact: node.name,
    key: key!,
    parts,
    outputs,
    modules: Object.fromEntries(node.modules.map((label) => [label, graph.modules[label]!])),
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

function keepOutputs(
  { workspace: { disk, objects } }: RunContext,
  node: ArtifactNode,
  work: WorkDirectory,
): BuildRecord['outputs'] {
  const outputs = Object.entries(node.outputs).map(
    ([name, { path, published }]): [string, RecordedOutput] => {
      const file = toBytes(`${work.outputs}/${name}`)
      const { uid, links } = disk.lstat(file)!
      const ours = uid === process.geteuid?.() && links === 1
      const object = ours ? objects.adopt(file) : objects.copyIn(file)
      return [name, { path, published, ...object }]
    },
  )
  return Object.fromEntries(outputs)
}

/** Keeps the listings of the trees that were seen, so that a later change can be told by name. */
async function keepTrees({ workspace, snapshot }: RunContext, node: ArtifactNode): Promise<void> {
  for (const input of Object.values(node.inputs)) {
    const tree = input.kind === 'tree' ? snapshot.trees.get(input.path) : undefined
    const listing = await listingIfThere(tree)
    if (listing !== undefined) workspace.objects.putText(listing)
  }
}

/** The tools whose versions the last record does not tell, since they were others then. */
export const unaskedTools = ({ node, parts, latest }: Planned): readonly string[] => {
  const formerOf = partIndex(latest?.parts ?? [])
  const changed = parts.filter((part) => part.kind === 'tool' && !isSamePart(formerOf(part), part))
  return node.tools.map(({ name }) => name).filter((tool) => changed.some(({ name }) => name === tool))
}

/** The versions of all tools, for people: those that were asked now, and the others as they are in the last record. */
export function toolVersions(
  planned: Planned,
  asked: BuildRecord['toolVersions'] = {},
): BuildRecord['toolVersions'] {
  const unasked = unaskedTools(planned)
  const known = Object.entries(planned.latest?.toolVersions ?? {}).filter(([name]) => !unasked.includes(name))
  return { ...Object.fromEntries(known), ...asked }
}

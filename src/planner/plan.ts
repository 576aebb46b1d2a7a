// Plans a build: a verdict for each artifact, with reasons.
import type { Digest } from '../platform/digest.ts'
import type { ArtifactNode, Graph } from '../graph/graph.ts'
import { closure } from '../graph/graph.ts'
import { baseName } from '../graph/inputPath.ts'
import { keyOf } from './key.ts'
import { partId } from './part.ts'
import { changedParts, differences } from './reason.ts'
import type {
  Decision,
  LatestLookup,
  Part,
  Plan,
  Planned,
  PlannerFacts,
  Reason,
  RecordedOutput,
  RunRecord,
} from './domain.ts'
import { recordOf } from './domain.ts'

/** Whether a build has nothing to do for an artifact. */
export const isFresh = ({ decision }: Planned): boolean => decision.verdict === 'fresh'

/**
 * Decides what a build must do for the targets and all their dependencies. Pure: the same graph and facts give the same
 * plan. `build`, `status`, `--dry-run`, `why` and `watch` share it.
 */
export function plan(graph: Graph, targets: readonly string[], facts: PlannerFacts): Plan {
  const planned = new Map<string, Planned>()
  for (const node of closure(graph, targets)) planned.set(node.name, decide(node, graph, facts, planned))
  return [...planned.values()]
}

/** Decides about one artifact; `planned` holds the decisions about its dependencies. */
export function decide(
  node: ArtifactNode,
  graph: Graph,
  facts: PlannerFacts,
  planned: ReadonlyMap<string, Planned>,
): Planned {
  const lookup = facts.latest(node.name)
  const latest = recordOf(lookup)
  const { parts, pendingIds, pending } = inputsOf(node, facts, planned, latest)
  const modules = Object.fromEntries(node.modules.map((label) => [label, graph.modules[label] ?? '']))
  const changes = latest ? differences(latest, parts, modules, pendingIds) : []
  if (pending.length > 0) {
    const forced: readonly Reason[] = facts.forced.has(node.name) ? [{ kind: 'forced' }] : []
    const own = [...forced, ...(latest ? changes : [unknownPast(lookup)])]
    const verdict = own.length > 0 ? 'stale' : 'undecided'
    return { node, key: undefined, parts, latest, decision: { verdict, reasons: [...own, ...pending] } }
  }
  const key = keyOf(node.name, parts)
  return { node, key, parts, latest, decision: decideByKey(node, key, facts, lookup, changes) }
}

/** What is known of an artifact's inputs, and what is not known yet. */
interface KnownInputs {
  readonly parts: readonly Part[]
  /** The ids of the parts that are not known yet. */
  readonly pendingIds: ReadonlySet<string>
  /** The artifacts and lockfiles that must be decided first. */
  readonly pending: readonly Reason[]
}

function inputsOf(
  node: ArtifactNode,
  facts: PlannerFacts,
  planned: ReadonlyMap<string, Planned>,
  latest: RunRecord | undefined,
): KnownInputs {
  const parts: Part[] = [...facts.ownParts(node)]
  const pendingIds = new Set<string>()
  const pending: Reason[] = []
  const upstream = new Set<string>()
  for (const [name, input] of Object.entries(node.inputs)) {
    if (input.kind === 'downloads') {
      const lockfile = facts.lockfile(input.lockfile)
      if (lockfile.state === 'ready') {
        parts.push({ kind: 'downloads', name, lockfile: input.lockfile, digest: lockfile.digest })
        continue
      }
      const { state, path, request } = lockfile
      const changes = changedParts(latest?.lockfileRequests[input.lockfile] ?? request, request)
      pending.push({ kind: 'lockfile', lockfile: input.lockfile, state, path, changes })
      pendingIds.add(partId({ kind: 'downloads', name }))
    } else if (input.kind === 'output') {
      const { artifact, output } = input
      const settled = settledOutput(planned.get(artifact), output)
      if (settled) {
        const file = baseName(settled.path)
        parts.push({ kind: 'output', name, artifact, output, file, digest: settled.sha256 })
        continue
      }
      if (!upstream.has(artifact)) pending.push({ kind: 'depends', artifact })
      upstream.add(artifact)
      pendingIds.add(partId({ kind: 'output', name }))
    }
  }
  return { parts, pendingIds, pending }
}

function decideByKey(
  node: ArtifactNode,
  key: Digest,
  facts: PlannerFacts,
  lookup: LatestLookup,
  changes: readonly Reason[],
): Decision {
  const latest = recordOf(lookup)
  if (facts.forced.has(node.name)) return { verdict: 'stale', reasons: [{ kind: 'forced' }, ...changes] }
  const record = facts.record(node.name, key)
  if (record === 'damaged') return { verdict: 'stale', reasons: [{ kind: 'record-damaged' }] }
  if (record === 'absent') {
    if (!latest) return { verdict: 'stale', reasons: [unknownPast(lookup)] }
    return { verdict: 'stale', reasons: changes.length > 0 ? changes : [{ kind: 'record-lost' }] }
  }
  if (!hasDeclaredOutputs(node, record)) return { verdict: 'stale', reasons: [{ kind: 'record-damaged' }] }
  if (!record.sandboxed && facts.hasSandbox())
    return { verdict: 'stale', reasons: [{ kind: 'record-unconfined' }] }
  const outputs = Object.entries(record.outputs)
  const lost = outputs.filter(([, output]) => !facts.hasObject(output))
  if (lost.length > 0) {
    const reasons = lost.map(([output]): Reason => ({ kind: 'object-missing', output }))
    return { verdict: 'stale', reasons }
  }
  const displaced = outputs.flatMap(([, output]) =>
    output.published ? displacement(facts, output, latest) : [],
  )
  if (displaced.length === 0 && latest?.key === key) return { verdict: 'fresh', record }
  const unknown: readonly Reason[] = latest
    ? []
    : [lookup === 'absent' ? { kind: 'record-lost' } : unknownPast(lookup)]
  return { verdict: 'restorable', record, reasons: [...changes, ...unknown, ...displaced] }
}

/** Whether a record has exactly the outputs that an artifact declares, at the same paths. */
function hasDeclaredOutputs({ outputs }: ArtifactNode, record: RunRecord): boolean {
  const declared = Object.entries(outputs)
  return (
    declared.length === Object.keys(record.outputs).length &&
    declared.every(([name, { path, published }]) => {
      const recorded = record.outputs[name]
      return recorded?.path === path && recorded.published === published
    })
  )
}

/** Why an artifact without a readable latest record must run. */
function unknownPast(lookup: LatestLookup): Reason {
  if (lookup === 'damaged') return { kind: 'record-damaged' }
  return { kind: lookup === 'lost' ? 'record-lost' : 'first-build' }
}

/**
 * Why the file at an output's path must be replaced. Returns no reason if the file has the wanted content, or if it is
 * the output that lbuild published last: then the caller reports the changed parts.
 */
function displacement(
  facts: PlannerFacts,
  output: RecordedOutput,
  latest: RunRecord | undefined,
): readonly Reason[] {
  const found = facts.output(output.path)
  if (found.state === 'missing') return [{ kind: 'output-missing', path: output.path }]
  if (found.state === 'other') return [{ kind: 'output-changed', path: output.path, what: found.what }]
  const published = Object.values(latest?.outputs ?? {}).find(({ path }) => path === output.path)
  if (found.sha256 === output.sha256 || found.sha256 === published?.sha256) return []
  const what =
    found.size === output.size ? 'other content' : `${found.size} bytes where ${output.size} were built`
  return [{ kind: 'output-changed', path: output.path, what }]
}

/** An output that this build will not change; undefined while its artifact may run. */
function settledOutput(planned: Planned | undefined, output: string): RecordedOutput | undefined {
  const decision = planned?.decision
  if (decision?.verdict !== 'fresh' && decision?.verdict !== 'restorable') return undefined
  return decision.record.outputs[output]
}

import type { Digest } from '../platform/digest.ts'
import type { ArtifactNode, Graph } from '../graph/graph.ts'
import { closure } from '../graph/graph.ts'
import { keyOf } from './key.ts'
import { changedParts, differences } from './reason.ts'
import type {
  BuildRecord,
  LatestLookup,
  Part,
  Plan,
  Planned,
  PlannerFacts,
  Reason,
  RecordedOutput,
  Verdict,
} from './types.ts'
import { recordOf } from './types.ts'

/** Whether nothing is to be done about an artifact. */
export const isFresh = ({ decision }: Planned): boolean => decision.verdict === 'fresh'

/**
 * Decides for every artifact at or below the targets. Pure: the same graph and facts give the same plan, and
 * build, status, --dry-run, why and watch all see this one.
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
  const parts: Part[] = [...facts.ownParts(node)]
  const found = facts.latest(node.name)
  const latest = recordOf(found)
  const open: Reason[] = []
  const openParts = new Set<string>()
  for (const [name, input] of Object.entries(node.inputs)) {
    if (input.kind === 'downloads') {
      const lockfile = facts.lockfile(input.lock)
      if (lockfile.state === 'ready')
        parts.push({ kind: 'downloads', name, lockfile: input.lock, digest: lockfile.digest })
      else {
        const { state, path, request } = lockfile
        const changes = changedParts(latest?.lockfileRequests[input.lock] ?? request, request)
        open.push({ kind: 'lockfile', lockfile: input.lock, state, path, changes })
        openParts.add(`downloads ${name}`)
      }
    } else if (input.kind === 'output') {
      const digest = settledOutput(planned.get(input.artifact)!, input.output)
      const { artifact, output } = input
      if (digest !== undefined) parts.push({ kind: 'output', name, artifact, output, digest })
      else openParts.add(`output ${name}`)
      const reason: Reason = { kind: 'depends', artifact: input.artifact }
      if (
        digest === undefined &&
        !open.some((other) => other.kind === 'depends' && other.artifact === input.artifact)
      )
        open.push(reason)
    }
  }
  const modules = Object.fromEntries(node.modules.map((label) => [label, graph.modules[label] ?? '']))
  const changes = latest ? differences(latest, parts, modules, openParts) : []
  if (open.length > 0) {
    const forced: readonly Reason[] = facts.forced.has(node.name) ? [{ kind: 'forced' }] : []
    const own = [...forced, ...(latest ? changes : [unknownPast(found)])]
    return {
      node,
      key: undefined,
      parts,
      latest,
      decision: { verdict: own.length > 0 ? 'stale' : 'undecided', reasons: [...own, ...open] },
    }
  }
  const key = keyOf(node.name, parts)
  return { node, key, parts, latest, decision: decideByKey(node, key, facts, found, changes) }
}

function decideByKey(
  node: ArtifactNode,
  key: Digest,
  facts: PlannerFacts,
  found: LatestLookup,
  changes: readonly Reason[],
): Verdict {
  const latest = recordOf(found)
  if (facts.forced.has(node.name)) return { verdict: 'stale', reasons: [{ kind: 'forced' }, ...changes] }
  const record = facts.record(node.name, key)
  if (record === 'damaged') return { verdict: 'stale', reasons: [{ kind: 'record-damaged' }] }
  if (record === 'absent') {
    if (!latest) return { verdict: 'stale', reasons: [unknownPast(found)] }
    return { verdict: 'stale', reasons: changes.length > 0 ? changes : [{ kind: 'record-lost' }] }
  }
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
    : [{ kind: found === 'damaged' ? 'record-damaged' : 'record-lost' }]
  return { verdict: 'restorable', record, reasons: [...changes, ...unknown, ...displaced] }
}

/** Why an artifact without a record of its last run must run. */
function unknownPast(found: LatestLookup): Reason {
  if (found === 'damaged') return { kind: 'record-damaged' }
  return { kind: found === 'lost' ? 'record-lost' : 'first-build' }
}

/**
 * Why the file at an output's place is not the one that was built; empty when it is, and when it is the one that was
 * published last: then what changed since says why.
 */
function displacement(
  facts: PlannerFacts,
  output: RecordedOutput,
  latest: BuildRecord | undefined,
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

/** The digest of an output that will not change in this build, or undefined while its artifact may run. */
function settledOutput({ decision }: Planned, output: string): Digest | undefined {
  if (decision.verdict !== 'fresh' && decision.verdict !== 'restorable') return undefined
  return decision.record.outputs[output]?.sha256
}

// Checks before a build that this host has the tools that it needs.
import type { ArtifactNode, Graph, LockfileNode } from '../graph/graph.ts'
import type { Plan } from '../planner/domain.ts'
import { fromRawPath } from '../platform/rawPath.ts'
import { Failure } from '../platform/failure.ts'
import { missingTools, MissingToolsFailure } from '../platform/missingTools.ts'
import { compareVersions, toolVersion } from '../platform/toolVersion.ts'
import { sandboxTools } from '../sandbox/bubblewrap.ts'
import type { Snapshot } from '../workspace/snapshot.ts'

/** The tools that lbuild itself needs to run producers and fetch downloads. */
export const ownTools = (): readonly string[] => [...sandboxTools(), 'flock', 'setpriv', 'prlimit', 'curl']

/** All tools that building any artifact of a graph needs, sorted, each once. */
export function allTools(graph: Graph): readonly string[] {
  const declared = [...graph.artifacts, ...graph.lockfiles].flatMap(({ tools }) =>
    tools.map(({ name }) => name),
  )
  return [...new Set([...ownTools(), ...declared])].sort()
}

/**
 * Throws a Failure (exit code 2) that names every tool that a plan needs and this host lacks, or else one tool that is
 * older than an artifact requires.
 */
export async function checkTools(snapshot: Snapshot, planned: Plan): Promise<void> {
  const running = planned.filter(
    ({ decision: { verdict } }) => verdict === 'stale' || verdict === 'undecided',
  )
  const lockfiles = snapshot.lockfiles.filter(({ state }) => state.state !== 'ready').map(({ node }) => node)
  throwIfMissing(snapshot, [...running.map(({ node }) => node), ...lockfiles])
  for (const { node } of running) await checkVersions(snapshot, node)
}

/** Throws a Failure (exit code 2) that names every tool that resolving some lockfiles needs and this host lacks. */
export function checkLockfileTools(snapshot: Snapshot, lockfiles: readonly string[]): void {
  throwIfMissing(
    snapshot,
    snapshot.lockfiles.map(({ node }) => node).filter(({ name }) => lockfiles.includes(name)),
  )
}

function throwIfMissing(snapshot: Snapshot, nodes: readonly (ArtifactNode | LockfileNode)[]): void {
  if (nodes.length === 0) return
  const declared = nodes.flatMap(({ tools }) => tools.map(({ name }) => name))
  const missing = missingTools([...ownTools(), ...declared.filter((name) => !snapshot.tools.has(name))])
  if (missing.length > 0) throw new MissingToolsFailure(missing)
}

async function checkVersions(snapshot: Snapshot, node: ArtifactNode): Promise<void> {
  for (const { name, atLeast } of node.tools) {
    if (atLeast === undefined) continue
    const tool = snapshot.tools.get(name)
    if (!tool) continue
    const path = fromRawPath(tool.path)
    const version = await toolVersion(path)
    if (version !== undefined && compareVersions(version, atLeast) < 0)
      throw new Failure(`${name} is too old for '${node.name}'`, {
        facts: [
          ['found', `${version} (${path})`],
          ['needed', `${atLeast} or newer`],
        ],
        hint: 'install a newer version',
        exitCode: 2,
      })
  }
}

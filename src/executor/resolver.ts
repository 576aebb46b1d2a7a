// Runs the resolvers of lockfiles in the sandbox.
import type { LockedFile } from '../api/lockfile.ts'
import type { LockfileNode } from '../graph/graph.ts'
import { resolveLockfiles } from '../lockfiles/resolve.ts'
import { plan } from '../planner/plan.ts'
import { discardWork, makeWorkDirectory, preserveWork } from '../sandbox/workDirectory.ts'
import type { LockfileEntry } from '../store/lockfile.ts'
import { checkLocked } from '../store/lockfile.ts'
import { sourceParts } from '../workspace/snapshot.ts'
import type { SessionContext } from './sessionContext.ts'
import { layInputs } from './inputs.ts'
import { throwIfUnresolved } from './locked.ts'
import { InputChanged } from './materialize.ts'
import { resolveTask, runTask } from './producer.ts'

/**
 * Resolves lockfiles in a build session, as {@link resolveLockfiles} says. Throws a Failure (exit code 2) if the session may
 * not resolve those that are missing or outdated.
 */
export async function resolveInSession(context: SessionContext, update: readonly string[]): Promise<boolean> {
  const { workspace, snapshot, locked } = context
  const names = snapshot.nodes.map(({ name }) => name)
  if (locked !== undefined) throwIfUnresolved(workspace.graph, plan(workspace.graph, names, snapshot), locked)
  return resolveLockfiles(
    { ...context, runResolver: (node, previous) => runResolver(context, node, previous) },
    update,
  )
}

async function runResolver(
  context: SessionContext,
  node: LockfileNode,
  previous: readonly LockedFile[],
): Promise<readonly LockfileEntry[]> {
  const { workspace, build, signal } = context
  const { disk, locations } = workspace
  const work = makeWorkDirectory(disk, locations.cache, build, `${node.name}.lock`)
  try {
    const inputs = await layInputs(context, node, await sourceParts(workspace, node), work)
    const result = await runTask(context, resolveTask(node, previous), work, inputs)
    const files = checkLocked(node.name, result.files ?? [])
    discardWork(disk, work.path)
    return files
  } catch (error) {
    if (!(error instanceof InputChanged || signal.aborted)) preserveWork(disk, work)
    throw error
  }
}

// The entry to a build: decides without the workspace lock whether there is anything to do.
import { isFresh, plan } from '../planner/plan.ts'
import type { Plan } from '../planner/domain.ts'
import { listCacheDirectory } from '../platform/quarantine.ts'
import { toRawPath } from '../platform/rawPath.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { ignoredFiles, outputTemporaries } from '../workspace/workspace.ts'
import type { BuildOptions } from './options.ts'
import type { BuildReport } from './report.ts'
import { idleReport } from './report.ts'
import { checkTargets } from './checkTargets.ts'

/**
 * Brings targets and their dependencies up to date. If everything is fresh, takes one snapshot, makes one plan and writes
 * only the stat index. Exception: if a killed build left files behind, it tries to take the lock and removes them. Throws
 * a Failure (exit code 2) for an unknown target, a missing input, or a lockfile that it may not resolve.
 */
export async function build(workspace: Workspace, options: BuildOptions): Promise<BuildReport> {
  const startedAt = monotonicSeconds()
  const { targets } = options
  checkTargets(workspace.graph, targets)
  const forced = new Set(options.force ? targets : [])
  try {
    const planned = options.planned ?? (await planNow(workspace, targets, forced))
    if (planned.every(isFresh)) {
      if (hasLeftovers(workspace)) await (await import('./buildSession.ts')).reclaimIfFree(workspace)
      return idleReport(planned, targets, monotonicSeconds() - startedAt)
    }
    if (options.locked !== undefined)
      (await import('./locked.ts')).throwIfUnresolved(workspace.graph, planned, options.locked)
    // Load it only now, because a build with nothing to do is faster without it.
    const { runBuild } = await import('./buildSession.ts')
    return await runBuild(workspace, options, forced, startedAt)
  } finally {
    workspace.index.save()
    for (const message of ignoredFiles(workspace)) options.listener({ type: 'warning', message })
  }
}

const planNow = async (
  workspace: Workspace,
  targets: readonly string[],
  forced: ReadonlySet<string>,
): Promise<Plan> => plan(workspace.graph, targets, await takeSnapshot(workspace, targets, forced))

function hasLeftovers(workspace: Workspace): boolean {
  const { disk, locations } = workspace
  return (
    listCacheDirectory(disk, toRawPath(`${locations.cache}/work`)).length > 0 ||
    outputTemporaries(workspace).length > 0
  )
}

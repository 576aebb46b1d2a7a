import { toBytes } from '../host/bytes.ts'
import { monotonicSeconds } from '../host/clock.ts'
import { Failure } from '../host/failure.ts'
import { isFresh, plan } from '../plan/plan.ts'
import { suggestion } from '../graph/names.ts'
import type { Graph } from '../graph/graph.ts'
import type { BuildOptions } from './options.ts'
import type { BuildReport } from './report.ts'
import { idleReport } from './report.ts'
import { surveyWorkspace } from '../workspace/survey.ts'
import type { Workspace } from '../workspace/workspace.ts'

/**
 * Brings targets and all below them up to date. When a look at the inputs shows that there is nothing to do, that look
 * is all that happens: no lock is taken and nothing is written but the stat cache. Only what a killed build left behind
 * is cleared up.
 */
export async function build(workspace: Workspace, options: BuildOptions): Promise<BuildReport> {
  const startedAt = monotonicSeconds()
  checkTargets(workspace.graph, options.targets)
  const forced = new Set(options.force ? options.targets : [])
  try {
    const survey = await surveyWorkspace(workspace, options.targets, forced)
    const planned = plan(workspace.graph, options.targets, survey)
    if (planned.every(isFresh)) {
      const work = toBytes(`${workspace.places.cache}/work`)
      if (workspace.disk.lstat(work) && workspace.disk.readdir(work).length > 0)
        await (await import('./locked.ts')).reclaimIfFree(workspace)
      return idleReport(planned, options.targets, monotonicSeconds() - startedAt)
    }
    const { runBuild } = await import('./lockedBuild.ts')
    return await runBuild(workspace, options, forced, startedAt)
  } finally {
    workspace.index.save()
  }
}

/** Throws a Failure (exit code 2) for a name that is no artifact, with the nearest one that is. */
export function checkTargets(graph: Graph, targets: readonly string[]): void {
  const names = graph.artifacts.map(({ name }) => name)
  const unknown = targets.filter((target) => !names.includes(target))
  if (unknown.length === 0 && targets.length > 0) return
  if (unknown.length === 0)
    throw new Failure('no target was named', { hint: `there is ${names.join(', ')}`, exitCode: 2 })
  throw new Failure(`unknown target '${unknown[0]}'`, { hint: suggestion(unknown[0]!, names), exitCode: 2 })
}

import { movedFiles } from '../config/load.ts'
import { display, toBytes } from '../host/bytes.ts'
import { monotonicSeconds } from '../host/clock.ts'
import { Failure } from '../host/failure.ts'
import type { Plan } from '../plan/plan.ts'
import { plan } from '../plan/plan.ts'
import { suggestion } from '../graph/names.ts'
import type { Graph } from '../graph/graph.ts'
import type { Listener } from './events.ts'
import type { BuildOptions } from './options.ts'
import type { BuildReport } from './report.ts'
import { freshReport, savedSeconds } from './report.ts'
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
    const idle = planned.every(({ decision }) => decision.verdict === 'fresh')
    if (idle) {
      const work = toBytes(`${workspace.places.cache}/work`)
      if (workspace.disk.lstat(work) && workspace.disk.readdir(work).length > 0)
        await (await import('./locked.ts')).reclaimIfFree(workspace)
      return idleReport(planned, options.targets, monotonicSeconds() - startedAt)
    }
    const { runBuild } = await import('./scheduler.ts')
    const report = await runBuild(workspace, options, forced, startedAt)
    if (!options.notice) await warnOfEditedCode(workspace, options.listener)
    return report
  } finally {
    workspace.index.save()
  }
}

/** The producers' code is of when the build began; who edited it meanwhile should know. */
async function warnOfEditedCode(
  { disk, index, places, files }: Workspace,
  listener: Listener,
): Promise<void> {
  const root = toBytes(`${places.root}/`)
  for (const path of await movedFiles(disk, index, files))
    listener({
      type: 'warning',
      message: `${display(path.replace(root, ''))} changed while the build ran, which used what it was before`,
      hint: 'build again to have it in',
    })
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

function idleReport(planned: Plan, targets: readonly string[], seconds: number): BuildReport {
  const artifacts = planned.map((one) => freshReport(one))
  return { build: '', targets, artifacts, seconds, savedSeconds: savedSeconds(planned), exitCode: 0 }
}

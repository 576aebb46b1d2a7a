import { toBytes } from '../platform/bytes.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { isFresh, plan } from '../planner/plan.ts'
import { editDistance, nearest, suggestion } from '../graph/names.ts'
import type { Graph } from '../graph/graph.ts'
import { lockfilesOf } from '../graph/graph.ts'
import type { BuildOptions } from './options.ts'
import type { BuildReport } from './report.ts'
import { idleReport } from './report.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { outputTemporaries } from '../workspace/workspace.ts'

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
    const snapshot = await takeSnapshot(workspace, options.targets, forced)
    const planned = plan(workspace.graph, options.targets, snapshot)
    if (planned.every(isFresh)) {
      const { disk, locations } = workspace
      const work = toBytes(`${locations.cache}/work`)
      const worked = disk.lstat(work) && disk.readdir(work).length > 0
      if (worked || outputTemporaries(workspace).length > 0)
        await (await import('./session.ts')).reclaimIfFree(workspace)
      return idleReport(planned, options.targets, monotonicSeconds() - startedAt)
    }
    const { runBuild } = await import('./buildSession.ts')
    return await runBuild(workspace, options, forced, startedAt)
  } finally {
    workspace.index.save()
  }
}

/**
 * Throws a Failure (exit code 2) for a name that is no artifact, with what may have been meant. `commands` are those that
 * may stand in the place of the first target.
 */
export function checkTargets(
  graph: Graph,
  targets: readonly string[],
  commands: readonly string[] = [],
): void {
  const names = graph.artifacts.map(({ name }) => name)
  const at = targets.findIndex((target) => !names.includes(target))
  if (at >= 0) throw unknownTarget(graph, names, targets[at]!, at === 0 ? commands : [])
  if (targets.length === 0)
    throw new Failure('no target was named', { hint: `there is ${names.join(', ')}`, exitCode: 2 })
}

function unknownTarget(
  { artifacts, lockfiles }: Graph,
  names: readonly string[],
  target: string,
  commands: readonly string[],
): Failure {
  if (lockfiles.some(({ name }) => name === target)) {
    const users = artifacts.filter((node) => lockfilesOf(node).includes(target)).map(({ name }) => name)
    const resolves = `lbuild update ${target} resolves it anew`
    return new Failure(`'${target}' is a lock, not an artifact`, {
      hint: users.length === 0 ? resolves : `name what takes it: ${users.join(', ')}; ${resolves}`,
      exitCode: 2,
    })
  }
  const path = target.replace(/^(\.\/)?output\//, '')
  const maker = artifacts.find(({ outputs }) => Object.values(outputs).some((output) => output.path === path))
  const command = nearest(target, commands)
  const near = nearest(target, names)
  const isCommand =
    command !== undefined &&
    (near === undefined || editDistance(target, command) < editDistance(target, near))
  const hint = maker
    ? `it is an output of '${maker.name}'`
    : isCommand
      ? `did you mean the command '${command}'?`
      : suggestion(target, names)
  return new Failure(`unknown target '${target}'`, { hint, exitCode: 2 })
}

// Checks the names of targets.
import type { Graph } from '../graph/graph.ts'
import { lockfilesOf } from '../graph/graph.ts'
import { editDistance, nearest, suggestion } from '../graph/names.ts'
import { Failure } from '../platform/failure.ts'

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

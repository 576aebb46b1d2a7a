// Checks the names of targets.
import type { Graph } from '../graph/graph.ts'
import { lockfilesOf } from '../graph/graph.ts'
import { editDistance, nearest, suggestion } from '../graph/names.ts'
import { Failure } from '../platform/failure.ts'

/**
 * Throws a Failure (exit code 2) with a suggestion if a target is not the name of an artifact, or if there is none.
 * `commands` are suggested as well if they may stand in the place of the first target.
 */
export function checkTargets(
  graph: Graph,
  targets: readonly string[],
  commands: readonly string[] = [],
): void {
  const names = graph.artifacts.map(({ name }) => name)
  const unknown = targets.find((target) => !names.includes(target))
  if (unknown !== undefined)
    throw unknownTarget(graph, names, unknown, unknown === targets[0] ? commands : [])
  if (targets.length === 0)
    throw new Failure('no target given', { hint: `choose one of: ${names.join(', ')}`, exitCode: 2 })
}

function unknownTarget(
  { artifacts, lockfiles }: Graph,
  names: readonly string[],
  target: string,
  commands: readonly string[],
): Failure {
  if (lockfiles.some(({ name }) => name === target)) {
    const users = artifacts.filter((node) => lockfilesOf(node).includes(target)).map(({ name }) => name)
    const update = `lbuild update ${target}`
    return new Failure(`'${target}' is a lockfile, not an artifact`, {
      hint:
        users.length === 0
          ? `re-resolve it with ${update}`
          : `build ${users.join(', ')}, or re-resolve it with ${update}`,
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
    ? `name the target '${maker.name}', which has this output`
    : isCommand
      ? `did you mean the command '${command}'?`
      : suggestion(target, names)
  return new Failure(`unknown target '${target}'`, { hint, exitCode: 2 })
}

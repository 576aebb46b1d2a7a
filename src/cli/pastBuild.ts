// Finds past builds in the event log, for the commands that explain them.
import { readBuild } from '../events/buildHistory.ts'
import type { LoggedBuild } from '../events/loggedBuild.ts'
import { realDisk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'

/**
 * Finds the build whose id begins with `id`, or whose last id component begins with `id`. `last` finds the newest build.
 * Throws a Failure (exit code 2) if there is none or more than one.
 */
export async function pastBuild(cache: string, id: string): Promise<LoggedBuild> {
  const build = await readBuild(realDisk, cache, id)
  if (build) return build
  if (id === 'last')
    throw new Failure('no build is in the log', {
      hint: 'build a target first; a build that has nothing to do is not logged',
      exitCode: 2,
    })
  throw new Failure(`unknown build '${id}'`, { hint: 'run lbuild history to list the builds', exitCode: 2 })
}

/**
 * Returns the names of the targets and of all their dependencies, as the log of a build lists them. Without targets,
 * returns all artifacts of the build. Throws a Failure (exit code 2) if there is no such build.
 */
export function artifactsBelow(
  { id, artifacts }: LoggedBuild,
  targets: readonly string[],
): ReadonlySet<string> {
  const known = new Map(artifacts.map((one) => [one.name, one]))
  for (const target of targets)
    if (!known.has(target))
      throw new Failure(`the build ${id} did not involve '${target}'`, {
        facts: [['artifacts', [...known.keys()].join(', ')]],
        hint: 'name one of these artifacts',
        exitCode: 2,
      })
  const wanted = new Set(targets.length > 0 ? targets : known.keys())
  // Iterating over a set also visits elements that are added during the loop.
  for (const name of wanted) for (const other of known.get(name)?.dependencies ?? []) wanted.add(other)
  return wanted
}

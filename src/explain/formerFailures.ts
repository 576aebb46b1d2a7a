// Finds artifacts that would fail again because nothing has changed since they failed.
import { readBuild } from '../events/buildHistory.ts'
import { isFresh } from '../planner/plan.ts'
import type { Plan } from '../planner/domain.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** An artifact that failed in the last build with the inputs that it has now. */
export interface FormerFailure {
  readonly artifact: string
  readonly build: string
  /** When that build began, in milliseconds since 1970. */
  readonly startedAt?: number
  readonly headline: string
}

/** Finds the artifacts of a plan that failed in the last build and have not changed since. */
export async function formerFailures(
  { disk, locations }: Workspace,
  plan: Plan,
): Promise<readonly FormerFailure[]> {
  const last = await readBuild(disk, locations.cache, 'last')
  if (!last) return []
  const { id: build, startedAt } = last
  return plan
    .filter((planned) => !isFresh(planned))
    .flatMap(({ node, key }): FormerFailure[] => {
      const then = last.artifacts.find(({ name }) => name === node.name)
      if (then?.outcome !== 'failed' || then.key !== key || !then.failure) return []
      const { headline } = then.failure
      return [{ artifact: node.name, build, ...(startedAt === undefined ? {} : { startedAt }), headline }]
    })
}

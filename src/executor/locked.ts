// The error for lockfiles that a build may not resolve.
import { describeReason } from '../explain/describeReason.ts'
import type { Graph } from '../graph/graph.ts'
import type { Plan, Reason } from '../planner/domain.ts'
import { Failure } from '../platform/failure.ts'

/** Why a build may not resolve lockfiles: the user said so, or the variable CI is set. */
export type Locked = 'option' | 'CI'

type Unresolved = Extract<Reason, { kind: 'lockfile' }>

/**
 * Throws a Failure (exit code 2) that names every lockfile that a build with this plan would resolve, and what changed. Does
 * nothing if the build may resolve lockfiles.
 */
export function throwIfUnresolved(graph: Graph, planned: Plan, locked: Locked | undefined): void {
  if (locked === undefined) return
  const unresolved = new Map<string, Unresolved>()
  for (const { decision } of planned)
    for (const reason of decision.verdict === 'fresh' ? [] : decision.reasons)
      if (reason.kind === 'lockfile' && !unresolved.get(reason.lockfile)?.changes.length)
        unresolved.set(reason.lockfile, reason)
  const [first, ...others] = unresolved.values()
  if (!first) return
  const names = [...unresolved.keys()].join(' ')
  const it = others.length === 0 ? 'the lockfile' : 'the lockfiles'
  throw new Failure(
    others.length === 0
      ? `the lockfile '${first.path}' is ${first.state}`
      : `${others.length + 1} lockfiles are missing or outdated`,
    {
      facts: [
        ...[first, ...others].map((reason) => [reason.path, stateOf(graph, reason)] as const),
        locked === 'CI'
          ? ['--locked', 'the default, because the variable CI is set; --no-locked resolves lockfiles']
          : ['--locked', 'this build may not resolve lockfiles'],
      ],
      hint: `run 'lbuild update ${names}', and commit ${it}`,
      exitCode: 2,
    },
  )
}

/** Whether a lockfile is missing, or what changed since it was resolved. */
function stateOf({ lockfiles }: Graph, { lockfile, state, changes }: Unresolved): string {
  if (state === 'missing') return 'missing'
  if (changes.length > 0) return `outdated: ${changes.map(describeReason).join(', ')}`
  const node = lockfiles.find(({ name }) => name === lockfile)
  const paths = Object.values(node?.inputs ?? {}).flatMap((input) => ('path' in input ? [input.path] : []))
  const params = Object.keys(node?.params ?? {}).filter((name) => !node?.mirrorParams.includes(name))
  const causes = [...paths, ...params.map((name) => `the param ${name}`)]
  return `outdated: one of these changed: ${causes.join(', ')}`
}

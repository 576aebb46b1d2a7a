// A chain of three artifacts in memory, and the decisions that the planner takes about them.
import type { Decision, Reason } from '../../../src/planner/domain.ts'
import { artifactNode, graphOf, World } from '../../support/world.ts'

export const CHAIN = graphOf(
  artifactNode('kernel'),
  artifactNode('rootfs', ['kernel']),
  artifactNode('iso', ['rootfs']),
)

/** The chain after a build: every artifact is fresh. */
export function builtChain(): World {
  const world = new World(CHAIN)
  world.build('iso')
  return world
}

export const verdicts = (world: World): Record<string, string> =>
  Object.fromEntries(world.plan('iso').map(({ node, decision }) => [node.name, decision.verdict]))

export function decisionOf(
  world: World,
  name: string,
): { readonly verdict: Decision['verdict']; readonly reasons: readonly Reason[] } {
  const planned = world.plan('iso').find(({ node }) => node.name === name)
  if (!planned) throw new Error(`'${name}' is not in the plan`)
  const { decision } = planned
  return { verdict: decision.verdict, reasons: decision.verdict === 'fresh' ? [] : decision.reasons }
}

import { canonicalJson } from './key.ts'
import type { Plan, Planned } from './plan.ts'
import type { Reason } from './reason.ts'

/** A reason that rests on no other artifact of the same plan, and the artifacts that see it themselves. */
export interface Cause {
  readonly reason: Reason
  /** In the graph's order. */
  readonly artifacts: readonly string[]
}

/** What becomes of one artifact that is not fresh. */
export interface Consequence {
  readonly artifact: string
  readonly verdict: 'stale' | 'undecided' | 'restorable'
  /** How long its last run took. */
  readonly usualSeconds?: number
  /** The causes that reach it, by their place in the list of causes. */
  readonly causes: readonly number[]
  /** Those of them that it sees itself: with one it is not fresh, whatever becomes of what is below it. */
  readonly own: readonly number[]
  /** The artifacts below it that are not fresh, whose outputs it takes. */
  readonly through: readonly string[]
}

/** A plan, told from its causes. */
export interface Explanation {
  readonly causes: readonly Cause[]
  /** In the graph's order. */
  readonly consequences: readonly Consequence[]
}

/** Finds what a plan's runs come from: every chain of artifacts that wait for each other ends in a cause. Pure. */
export function explain(plan: Plan): Explanation {
  const planned = new Map(plan.map((one) => [one.node.name, one]))
  const causes = new Map<string, { reason: Reason; artifacts: string[] }>()
  for (const one of plan)
    for (const reason of reasonsOf(one).filter((each) => !isDerived(each, planned))) {
      const id = causeId(reason)
      const known = causes.get(id)
      if (known) known.artifacts.push(one.node.name)
      else causes.set(id, { reason, artifacts: [one.node.name] })
    }
  const list = [...causes.values()].sort((a, b) => rank(a.reason) - rank(b.reason))
  const consequences: Consequence[] = []
  for (const { node, decision, latest } of plan) {
    if (decision.verdict === 'fresh') continue
    const through = consequences.filter(({ artifact }) =>
      Object.values(node.inputs).some((input) => input.kind === 'output' && input.artifact === artifact),
    )
    const own = list.flatMap(({ artifacts }, at) => (artifacts.includes(node.name) ? [at] : []))
    const all = new Set([...own, ...through.flatMap((each) => each.causes)])
    consequences.push({
      artifact: node.name,
      verdict: decision.verdict,
      ...(latest ? { usualSeconds: latest.seconds } : {}),
      causes: [...all].sort((a, b) => a - b),
      own,
      through: through.map(({ artifact }) => artifact),
    })
  }
  return { causes: list, consequences }
}

const reasonsOf = ({ decision }: Planned): readonly Reason[] =>
  decision.verdict === 'fresh' ? [] : decision.reasons

/** Whether a reason says no more than that another artifact of the plan is not fresh. */
function isDerived(reason: Reason, planned: ReadonlyMap<string, Planned>): boolean {
  if (reason.kind === 'depends') return true
  if (reason.kind !== 'changed' || reason.now.kind !== 'output') return false
  const source = planned.get(reason.now.from!.slice(0, reason.now.from!.lastIndexOf('.')))
  return source !== undefined && source.decision.verdict !== 'fresh'
}

/** The same change, seen by several artifacts, is one cause. What only one can see carries nothing else. */
function causeId(reason: Reason): string {
  if (reason.kind === 'changed')
    return canonicalJson([
      reason.kind,
      reason.now.kind,
      reason.now.from ?? reason.now.name,
      reason.before.value,
      reason.now.value,
    ])
  return canonicalJson(reason)
}

/** What somebody edited comes first, then what befell the host, the outputs and the cache. */
function rank(reason: Reason): number {
  switch (reason.kind) {
    case 'forced':
      return 0
    case 'lock':
      return 1
    case 'changed':
    case 'added':
    case 'removed': {
      const { kind } = reason.kind === 'removed' ? reason.before : reason.now
      return { file: 1, tree: 1, param: 1, code: 1, downloads: 1, env: 3, tool: 3, platform: 3, output: 4 }[
        kind
      ]
    }
    case 'module':
      return 1
    case 'output-missing':
    case 'output-changed':
      return 5
    case 'first-build':
      return 6
    default:
      return 7
  }
}

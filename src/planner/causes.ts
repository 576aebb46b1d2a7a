// Traces a plan back to its causes, and lists the consequences of each.
import { canonicalJson } from '../platform/json.ts'
import { contentOf, subjectOf } from './part.ts'
import type { Cause, CauseAnalysis, Consequence, Plan, Planned, Reason } from './domain.ts'

/**
 * Finds the causes of every verdict in a plan. If an artifact is not fresh only because a dependency is not fresh, it
 * inherits the causes of that dependency. Pure.
 */
export function analyzeCauses(plan: Plan): CauseAnalysis {
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
  for (const one of plan) {
    const { node, decision, latest } = one
    if (decision.verdict === 'fresh') continue
    const through = sourcesOf(reasonsOf(one), consequences)
    const own = list.flatMap(({ artifacts }, at) => (artifacts.includes(node.name) ? [at] : []))
    const all = new Set([...own, ...through.flatMap((each) => carriedBy(each, list))])
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

/**
 * Updates the consequences of a plan after the build. Keeps the causes that made an artifact run and moves the others to
 * `cutOff`. `endOf(name)` tells whether the artifact ran and why. If the build never decided about the artifact, `endOf`
 * returns undefined and its consequence stays unchanged. Pure.
 */
export function settleConsequences(
  { causes, consequences }: CauseAnalysis,
  endOf: (artifact: string) => { readonly ran: boolean; readonly reasons: readonly Reason[] } | undefined,
): readonly Consequence[] {
  const settled: Consequence[] = []
  for (const one of consequences) {
    const end = endOf(one.artifact)
    if (!end) {
      settled.push(one)
      continue
    }
    const through = sourcesOf(end.reasons, settled)
    const own = end.ran ? one.own.filter((at) => isSeen(causes[at]?.reason, end.reasons)) : []
    const all = new Set([...own, ...through.flatMap((each) => carriedBy(each, causes))])
    settled.push({
      ...one,
      causes: one.causes.filter((at) => all.has(at)),
      own,
      cutOff: one.causes.filter((at) => !all.has(at)),
    })
  }
  return settled
}

/** Returns the consequences of the other artifacts that these reasons name. */
function sourcesOf(reasons: readonly Reason[], others: readonly Consequence[]): readonly Consequence[] {
  const sources = new Set(reasons.map(sourceOf))
  return others.filter(({ artifact }) => sources.has(artifact))
}

/**
 * Whether the artifact ran because of this cause. An outdated lockfile is a cause only if its files changed.
 */
const isSeen = (cause: Reason | undefined, reasons: readonly Reason[]): boolean =>
  cause?.kind !== 'lockfile' ||
  reasons.some(
    (reason) =>
      reason.kind === 'first-build' ||
      ('now' in reason && reason.now.kind === 'downloads' && reason.now.lockfile === cause.lockfile),
  )

/** The causes that an artifact passes on to its dependents. A missing or edited file in `output/` does not affect others. */
const carriedBy = ({ causes }: Consequence, list: readonly Cause[]): readonly number[] =>
  causes.filter((at) => !['output-missing', 'output-changed'].includes(list[at]?.reason.kind ?? ''))

/** The other artifact that a reason comes from, if any. */
function sourceOf(reason: Reason): string | undefined {
  if (reason.kind === 'depends') return reason.artifact
  if (reason.kind !== 'changed' || reason.now.kind !== 'output') return undefined
  return reason.now.artifact
}

const reasonsOf = ({ decision }: Planned): readonly Reason[] =>
  decision.verdict === 'fresh' ? [] : decision.reasons

/** Whether a reason only says that another artifact of the plan is not fresh. */
function isDerived(reason: Reason, planned: ReadonlyMap<string, Planned>): boolean {
  if (reason.kind === 'depends') return true
  const source = planned.get(sourceOf(reason) ?? '')
  return source !== undefined && source.decision.verdict !== 'fresh'
}

/** The same change seen by several artifacts is one cause. */
function causeId(reason: Reason): string {
  if (reason.kind === 'changed')
    return canonicalJson([
      reason.kind,
      reason.now.kind,
      subjectOf(reason.now),
      contentOf(reason.before),
      contentOf(reason.now),
    ])
  return canonicalJson(reason)
}

/** The order of causes: edits first, then changes of the host, of the outputs and of the store. */
function rank(reason: Reason): number {
  switch (reason.kind) {
    case 'forced':
      return 0
    case 'lockfile':
      return 1
    case 'changed':
    case 'added':
    case 'removed': {
      const { kind, name } = reason.kind === 'removed' ? reason.before : reason.now
      if (kind === 'platform' && name === 'epoch') return 1
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

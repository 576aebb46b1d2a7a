// Shows a plan: what a build would do with each artifact, as a table or as JSON.
import { checkTargets } from '../../executor/checkTargets.ts'
import { throwIfUnresolved } from '../../executor/locked.ts'
import { describeReason } from '../../explain/describeReason.ts'
import { isFresh, plan } from '../../planner/plan.ts'
import type { Decision, Plan, RunRecord } from '../../planner/domain.ts'
import { takeSnapshot } from '../../workspace/snapshot.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { paint } from './color.ts'
import { counted, duration } from '../../platform/units.ts'
import { NAME_WIDTH } from './format.ts'
import { print, printDocument } from './print.ts'

export interface PlanOptions {
  readonly json?: boolean | undefined
  readonly check?: boolean | undefined
  readonly force?: boolean | undefined
  readonly locked?: boolean | undefined
}

/** The exit code of `--check` when an artifact is not fresh. */
const NOT_FRESH = 3

/** The exit code of a command that only looks at a plan. */
export const planExitCode = (planned: Plan, { check }: PlanOptions): number =>
  check && !planned.every(isFresh) ? NOT_FRESH : 0

/** Plans, prints the plan and returns the exit code. Writes nothing that could change a later verdict. */
export async function showPlan(
  workspace: Workspace,
  targets: readonly string[],
  options: PlanOptions,
): Promise<number> {
  checkTargets(workspace.graph, targets)
  const snapshot = await takeSnapshot(workspace, targets, new Set(options.force ? targets : []))
  const planned = plan(workspace.graph, targets, snapshot)
  workspace.index.save()
  if (options.locked) throwIfUnresolved(workspace.graph, planned, 'option')
  if (options.json) printDocument(planDocument(planned, targets))
  else printTable(planned)
  return planExitCode(planned, options)
}

/**
 * A plan as JSON, for `status`, `--dry-run` and `why`. `artifacts` lists the targets and all their dependencies, in the
 * order of the graph; `key` is null while a dependency must run or a lockfile must be resolved first; `reasons` say why
 * the verdict is not `fresh`.
 */
export const planDocument = (planned: Plan, targets: readonly string[]) => ({
  targets,
  artifacts: planned.map(({ node, key, decision }) => ({
    name: node.name,
    verdict: decision.verdict,
    key: key ?? null,
    reasons: decision.verdict === 'fresh' ? [] : decision.reasons,
  })),
})

const COLORS = { fresh: 'green', restorable: 'cyan', stale: 'yellow', undecided: 'magenta' } as const

function printTable(planned: Plan): void {
  for (const { node, decision } of planned) {
    const verdict = paint(process.stdout, COLORS[decision.verdict], decision.verdict.padEnd(10))
    print(`${verdict} ${node.name.padEnd(NAME_WIDTH)} ${remark(decision)}\n`)
  }
  const count = (verdict: Decision['verdict']): number =>
    planned.filter(({ decision }) => decision.verdict === verdict).length
  const [stale, undecided, restorable] = [count('stale'), count('undecided'), count('restorable')]
  const parts = [
    stale > 0 ? `${counted(stale, 'artifact')} would run` : '',
    undecided > 0 ? `${undecided} may run` : '',
    restorable > 0 ? `${restorable} would be restored` : '',
  ].filter((part) => part !== '')
  print(parts.length === 0 ? 'everything is fresh\n' : `${parts.join(', ')}\n`)
}

function remark(decision: Decision): string {
  if (decision.verdict === 'fresh') return paint(process.stdout, 'dim', provenance(decision.record))
  const [first = '', ...rest] = decision.reasons.map(describeReason)
  return `${first}${rest.length > 0 ? ` (and ${counted(rest.length, 'more reason')})` : ''}`
}

/** An unconfined run may have depended on undeclared inputs, so the table marks it. */
const provenance = ({ seconds, sandboxed }: RunRecord): string =>
  `built in ${duration(seconds)}${sandboxed ? '' : ', unconfined'}`

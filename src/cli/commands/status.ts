import { counted, duration, NAME_WIDTH, paint } from '../render/format.ts'
import { print } from '../render/print.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { openSession } from '../session.ts'
import { checkTargets } from '../../executor/targets.ts'
import { describeReason } from '../../explain/describeReason.ts'
import { plan } from '../../planner/plan.ts'
import type { BuildRecord, Plan, Verdict } from '../../planner/types.ts'
import { takeSnapshot } from '../../workspace/snapshot.ts'
import type { Workspace } from '../../workspace/workspace.ts'

export interface StatusOptions extends WorkspaceOptions {
  readonly json?: boolean
  readonly check?: boolean
  readonly force?: boolean
}

/** The exit code of `--check` when something is not up to date. */
export const NOT_FRESH = 3

/** `lbuild status [TARGET…]`: what each artifact is, without building. */
export async function statusCommand(
  invocation: Invocation,
  words: readonly string[],
  options: StatusOptions,
): Promise<number> {
  const { workspace, targets } = await openSession(invocation, words, options)
  return showPlan(workspace, targets, options)
}

/** Plans and shows the plan; nothing on disk changes that could change a later verdict. */
export async function showPlan(
  workspace: Workspace,
  targets: readonly string[],
  options: StatusOptions,
): Promise<number> {
  checkTargets(workspace.graph, targets)
  const snapshot = await takeSnapshot(workspace, targets, new Set(options.force ? targets : []))
  const planned = plan(workspace.graph, targets, snapshot)
  workspace.index.save()
  if (options.json) print(`${JSON.stringify(planDocument(planned, targets), undefined, 2)}\n`)
  else showTable(planned)
  const fresh = planned.every(({ decision }) => decision.verdict === 'fresh')
  return options.check && !fresh ? NOT_FRESH : 0
}

/** A plan as JSON, for `status`, `--dry-run` and `why`. */
export const planDocument = (planned: Plan, targets: readonly string[]): Record<string, unknown> => ({
  schemaVersion: 1,
  targets,
  artifacts: planned.map(({ node, key, decision }) => ({
    name: node.name,
    verdict: decision.verdict,
    key: key ?? null,
    reasons: decision.verdict === 'fresh' ? [] : decision.reasons,
  })),
})

const COLORS = { fresh: 'green', restorable: 'cyan', stale: 'yellow', undecided: 'magenta' } as const

function showTable(planned: Plan): void {
  for (const { node, decision } of planned) {
    const verdict = paint(process.stdout, COLORS[decision.verdict], decision.verdict.padEnd(10))
    print(`${verdict} ${node.name.padEnd(NAME_WIDTH)} ${remark(decision)}\n`)
  }
  const stale = planned.filter(({ decision }) => decision.verdict === 'stale')
  const open = planned.filter(({ decision }) => decision.verdict === 'undecided')
  const restorable = planned.filter(({ decision }) => decision.verdict === 'restorable')
  const parts = [
    stale.length > 0 ? `${counted(stale.length, 'artifact')} would run` : '',
    open.length > 0 ? `${open.length} may run` : '',
    restorable.length > 0 ? `${restorable.length} would be restored` : '',
  ].filter((part) => part !== '')
  print(parts.length === 0 ? 'everything is up to date\n' : `${parts.join(', ')}\n`)
}

function remark(decision: Verdict): string {
  if (decision.verdict === 'fresh') return paint(process.stdout, 'dim', builtHow(decision.record))
  const [first, ...rest] = decision.reasons.map(describeReason)
  return `${first ?? ''}${rest.length > 0 ? ` (and ${counted(rest.length, 'more reason')})` : ''}`
}

/** A run that was not confined may have seen what it does not declare. */
const builtHow = ({ seconds, sandboxed }: BuildRecord): string =>
  `built in ${duration(seconds)}${sandboxed ? '' : ', unconfined'}`

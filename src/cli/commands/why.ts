import { print } from '../print.ts'
import { plan } from '../../plan/plan.ts'
import { checkTargets } from '../../run/build.ts'
import { describeEntries, describeReason } from '../../why/describe.ts'
import { surveyWorkspace } from '../../workspace/survey.ts'
import type { Invocation } from '../session.ts'
import { openSession } from '../session.ts'
import { counted, duration, paint } from '../style.ts'
import type { StatusOptions } from './status.ts'
import { isFresh, NOT_FRESH, planDocument } from './status.ts'

const HEADINGS = {
  stale: 'must run',
  undecided: 'runs only if what it depends on changes',
  restorable: 'is restored from the store',
} as const

/** `lbuild why TARGET`: the direct reason of every artifact at or below the target that is not fresh. */
export async function whyCommand(
  invocation: Invocation,
  words: readonly string[],
  options: StatusOptions,
): Promise<number> {
  const { workspace, targets } = await openSession(invocation, words, options)
  checkTargets(workspace.graph, targets)
  const survey = await surveyWorkspace(workspace, targets, new Set())
  const planned = plan(workspace.graph, targets, survey)
  workspace.index.save()
  const dirty = planned.filter((one) => !isFresh(one))
  if (options.json) print(`${JSON.stringify(planDocument(planned, targets), undefined, 2)}\n`)
  else if (dirty.length === 0) {
    for (const { node, decision } of planned)
      if (targets.includes(node.name) && decision.verdict === 'fresh') {
        const { startedAt, seconds, parts } = decision.record
        const built = `${startedAt.slice(0, 19).replace('T', ' ')} UTC in ${duration(seconds)}`
        print(
          `${node.name} is up to date: built ${built}; ${counted(parts.length, 'part')} of its key and all below it are unchanged\n`,
        )
      }
  } else
    for (const { node, decision } of dirty) {
      if (decision.verdict === 'fresh') continue
      print(`${paint(process.stdout, 'bold', node.name)} ${HEADINGS[decision.verdict]}\n`)
      for (const reason of decision.reasons) {
        print(`  ${describeReason(reason)}\n`)
        for (const entry of await describeEntries(reason, survey, workspace.objects)) print(`    ${entry}\n`)
      }
    }
  return options.check && dirty.length > 0 ? NOT_FRESH : 0
}

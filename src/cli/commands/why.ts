import { resolve } from 'node:path'
import { print } from '../render/print.ts'
import { packageDatabase } from '../../debian/packageDatabase.ts'
import { toBytes } from '../../platform/bytes.ts'
import { Failure } from '../../platform/failure.ts'
import { isFresh, plan } from '../../planner/plan.ts'
import { checkTargets } from '../../executor/targets.ts'
import { causeDiffs, outputVersions } from '../../explain/causeDiffs.ts'
import type { Explanation, ExplainedCause } from '../../planner/evidence.ts'
import type { FormerFailure } from '../../explain/formerFailures.ts'
import { explainPlan } from '../../explain/explainPlan.ts'
import { takeSnapshot } from '../../workspace/snapshot.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { conditions } from '../render/consequences.ts'
import { listed, partCounts, tellLines, wrongWords } from '../render/explanation.ts'
import type { Invocation } from '../session.ts'
import { openSession } from '../session.ts'
import { shown } from '../render/historyView.ts'
import { ago, counted, duration, paint } from '../render/format.ts'
import type { StatusOptions } from './status.ts'
import { NOT_FRESH, planDocument } from './status.ts'
import type { Plan, Planned } from '../../planner/types.ts'

export interface WhyOptions extends StatusOptions {
  readonly diff?: boolean
  readonly all?: boolean
  /** Explain the last build instead of the next. */
  readonly last?: boolean
  /** Explain the build whose name begins so. */
  readonly build?: string
  /** Two builds, and targets. */
  readonly between?: readonly string[]
}

/**
 * `lbuild why TARGET…`: the causes of every run that building the targets would need, each with what follows from it.
 * `lbuild why TARGET PATH`: whether and how a path of the workspace influences a target.
 */
export async function whyCommand(
  invocation: Invocation,
  words: readonly string[],
  options: WhyOptions,
): Promise<number> {
  const { last = false, build, between } = options
  if (between || last || build !== undefined) return whyPast(invocation, words, options)
  const { workspace, targets: named } = await openSession(invocation, words, options)
  const { targets, path } = splitPath(workspace, named)
  checkTargets(workspace.graph, targets)
  if (path !== undefined) {
    const { whyPathCommand } = await import('./whyPath.ts')
    return whyPathCommand(workspace, targets[0]!, path, options)
  }
  const snapshot = await takeSnapshot(workspace, targets, new Set(options.force ? targets : []))
  const planned = plan(workspace.graph, targets, snapshot)
  const told = await explainPlan(workspace, snapshot, planned)
  const failures = planned.every(isFresh)
    ? []
    : (await import('../../explain/formerFailures.ts')).formerFailures(workspace, planned)
  const document = { ...planDocument(planned, targets), ...told, failures }
  if (options.json) print(`${JSON.stringify(document, undefined, 2)}\n`)
  else await printTold(workspace, planned, targets, told, failures, options)
  return options.check && planned.some((one) => !isFresh(one)) ? NOT_FRESH : 0
}

/** Explains a build of the past, or the difference of two. */
async function whyPast(
  invocation: Invocation,
  words: readonly string[],
  options: WhyOptions,
): Promise<number> {
  const { whyBetweenCommand, whyPastCommand } = await import('./whyPast.ts')
  const { build = 'last', between } = options
  if (!between) return whyPastCommand(invocation, build, words, options)
  const [before, now, ...targets] = between
  if (now === undefined)
    throw new Failure('--between takes the names of two builds', {
      hint: 'lbuild history lists them',
      exitCode: 2,
    })
  return whyBetweenCommand(invocation, [before!, now], [...words, ...targets], options)
}

/** Words are targets; a last one that is none and looks like a path is one. */
function splitPath(
  workspace: Workspace,
  words: readonly string[],
): { targets: readonly string[]; path?: string } {
  const last = words.at(-1) ?? ''
  const { graph, disk } = workspace
  const isTarget = graph.artifacts.some(({ name }) => name === last)
  if (words.length < 2 || isTarget) return { targets: words }
  const isPath = /[/.]/.test(last) || disk.lstat(toBytes(resolve(last))) !== undefined
  if (!isPath) return { targets: words }
  if (words.length > 2) throw wrongWords(words)
  return { targets: words.slice(0, -1), path: last }
}

async function printTold(
  workspace: Workspace,
  planned: Plan,
  targets: readonly string[],
  told: Explanation,
  failures: readonly FormerFailure[],
  { diff = false, all = false }: WhyOptions,
): Promise<void> {
  const now = Number(workspace.now() / 1_000_000n)
  for (const one of planned) if (targets.includes(one.node.name)) print(`${verdictLine(one, told, now)}\n`)
  for (const { artifact, startedAt, headline } of failures) {
    const when = startedAt === undefined ? 'in the last build' : ago(startedAt, now)
    const text = `${artifact} failed with these inputs ${when}: ${shown(headline)} (lbuild why --last)`
    print(`${paint(process.stdout, 'red', text)}\n`)
  }
  if (told.causes.length === 0) {
    print(
      `${dim(`checked: ${partCounts(told.unchanged.parts)}, ${counted(outputCount(planned), 'published output')}`)}\n`,
    )
    return
  }
  const below = diff ? (cause: ExplainedCause) => diffLines(workspace, planned, cause, all) : undefined
  const lines = await tellLines(told, { all, now, ...(below ? { below } : {}) })
  print(`${lines.join('\n')}\n`)
}

const dim = (text: string): string => paint(process.stdout, 'dim', text)

const outputCount = (planned: Plan): number =>
  planned.flatMap(({ node }) => Object.values(node.outputs).filter(({ published }) => published)).length

/** What a target is, in a line. */
function verdictLine({ node, decision }: Planned, told: Explanation, now: number): string {
  const name = paint(process.stdout, 'bold', node.name)
  if (decision.verdict === 'fresh') {
    const { build, startedAt, seconds } = decision.record
    const others = told.consequences.length
    const below =
      others > 0
        ? `; of what is below it ${counted(others, 'artifact')} ${others === 1 ? 'is' : 'are'} not`
        : ''
    return `${name} is up to date: made by the build ${build}, ${ago(Date.parse(startedAt), now)}, in ${duration(seconds)}${below}`
  }
  const mine = told.consequences.find(({ artifact }) => artifact === node.name)!
  const causes = causeWords(mine.causes, told.causes.length)
  switch (decision.verdict) {
    case 'stale':
      return `${name} must run: ${causes}`
    case 'restorable':
      return `${name} would be restored from the store, nothing of it runs: ${causes}`
    case 'undecided':
      return `${name} runs only if ${conditions(told, mine)}: ${causes}`
  }
}

/** `2 causes`, or which of them where there are others. */
function causeWords(causes: readonly number[], all: number): string {
  if (causes.length === all) return counted(all, 'cause')
  const numbers = causes.map((at) => String(at + 1))
  return `${causes.length === 1 ? 'cause' : 'causes'} ${listed(numbers, true)}`
}

/** How many lines of a diff are shown before the rest is counted. */
const DIFF_LINES = 60

async function diffLines(
  workspace: Workspace,
  planned: Plan,
  cause: ExplainedCause,
  all: boolean,
): Promise<readonly string[]> {
  const { diffs, unavailable } = causeDiffs(workspace, planned, cause)
  const sides = outputVersions(workspace, planned, cause)
  const inside = sides
    ? await (
        await import('../../diff/outputChanges.ts')
      ).outputChanges(workspace.disk, workspace.locations.cache, [packageDatabase], sides.before, sides.now)
    : []
  const lines = [...diffs.flatMap((diff) => diff.split('\n')), ...inside.map((line) => `  ${line}`)]
  const shown = all ? lines : lines.slice(0, DIFF_LINES)
  return [
    ...shown.map(paintDiff),
    ...(lines.length > shown.length
      ? [dim(`… and ${counted(lines.length - shown.length, 'other line')} (--all)`)]
      : []),
    ...(unavailable.length > 0
      ? [dim(`  not text, too large to be kept, or no longer in the store: ${listed(unavailable, all)}`)]
      : []),
  ]
}

function paintDiff(line: string): string {
  if (line.startsWith('+')) return paint(process.stdout, 'green', line)
  if (line.startsWith('-')) return paint(process.stdout, 'red', line)
  return line.startsWith('@@') ? paint(process.stdout, 'cyan', line) : line
}

// `lbuild why [TARGET…]`: explains the next build, or a past one; `lbuild why TARGET PATH`: how a path influences a
// target.
import { printable } from '../../platform/printable.ts'
import { resolve } from 'node:path'
import { Option } from '@commander-js/extra-typings'
import { checkTargets } from '../../executor/checkTargets.ts'
import { explainPlan } from '../../explain/explainPlan.ts'
import type { FormerFailure } from '../../explain/formerFailures.ts'
import type { ExplainedCause, Explanation } from '../../planner/evidence.ts'
import { isFresh, plan } from '../../planner/plan.ts'
import type { Plan, Planned } from '../../planner/domain.ts'
import type { RawPath } from '../../platform/rawPath.ts'
import { toRawPath } from '../../platform/rawPath.ts'
import { realDisk } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import { takeSnapshot } from '../../workspace/snapshot.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { locationsFor } from '../../workspace/workspace.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { targetCommand } from '../command.ts'
import { paint } from '../render/color.ts'
import { conditions } from '../render/consequences.ts'
import { explanationLines, listed, partCounts } from '../render/explanation.ts'
import { counted, duration } from '../../platform/units.ts'
import { ago } from '../render/format.ts'
import { planDocument, planExitCode } from '../render/plan.ts'
import { print, printDocument } from '../render/print.ts'
import { openSelectionOrAll, directoriesOf } from '../selection.ts'

const declare = () =>
  targetCommand('why')
    .description('Explain why targets will be or were rebuilt, or how a path influences a target')
    .usage('[options] [targets...]\n       lbuild why [options] <target> <path>')
    .argument(
      '[targets...]',
      'the artifacts to explain (default: those that no other artifact depends on); or one target and the path of a source or an output (if an artifact has the name of the path, write ./NAME for the path)',
    )
    .option('--diff', 'show the changed lines of files')
    .option('-f, --force', 'explain what build --force would do')
    .addOption(
      new Option(
        '--last',
        'explain the last build instead of the next one; the same as --build last',
      ).conflicts(['force', 'build', 'between']),
    )
    .addOption(
      new Option(
        '--build <id>',
        "explain a past build: 'last'; an id, such as 20261128-163724-629-cc7fa3, or its beginning; or the beginning of its last part, such as cc7",
      ).conflicts(['force', 'between']),
    )
    .addOption(
      new Option('--between <ids...>', 'explain why the outputs of two past builds differ').conflicts([
        'force',
      ]),
    )
    .option('--all', 'print lists in full')
    .option('--json', 'print one JSON document (docs/why.md)')
    .option('--check', 'exit with 3 unless the targets and their dependencies are fresh')

type WhyOptions = OptionsOf<typeof declare>

export const command = (context: CommandContext) =>
  declare().action(async (words, options) => {
    const isPast = options.last || options.build !== undefined || options.between
    context.exit(isPast ? await whyPast(context, words, options) : await whyNext(context, words, options))
  })

/** Explains what the next build would do, or what a path has to do with it. Returns the exit code. */
async function whyNext(
  { invocation }: CommandContext,
  words: readonly string[],
  options: WhyOptions,
): Promise<number> {
  const { workspace, targets: named } = await openSelectionOrAll(invocation, words, options)
  const { targets, path } = splitPath(workspace, named)
  checkTargets(workspace.graph, targets)
  const [target] = targets
  if (target !== undefined && path !== undefined) {
    const { whyPath } = await import('./whyPath.ts')
    await whyPath(workspace, target, path, options)
    workspace.index.save()
    return 0
  }
  const snapshot = await takeSnapshot(workspace, targets, new Set(options.force ? targets : []))
  const planned = plan(workspace.graph, targets, snapshot)
  const explanation = await explainPlan(workspace, snapshot, planned)
  const failures = planned.every(isFresh)
    ? []
    : await (await import('../../explain/formerFailures.ts')).formerFailures(workspace, planned)
  workspace.index.save()
  if (options.json) printDocument({ ...planDocument(planned, targets), ...explanation, failures })
  else await show(workspace, planned, targets, explanation, failures, options)
  return planExitCode(planned, options)
}

/** Explains a past build, or the difference between two. Returns the exit code. */
async function whyPast(
  { invocation: { home } }: CommandContext,
  words: readonly string[],
  options: WhyOptions,
): Promise<number> {
  const locations = locationsFor(realDisk, { home, ...directoriesOf(options) })
  const { build = 'last', between } = options
  if (between) {
    const [before, now, ...targets] = between
    if (before === undefined || now === undefined)
      throw new Failure('--between needs the ids of two builds', {
        hint: 'run lbuild history to list the builds',
        exitCode: 2,
      })
    const { whyBetween } = await import('./whyBetween.ts')
    await whyBetween(locations, [before, now], [...words, ...targets], options)
  } else {
    const { whyBuild } = await import('./whyBuild.ts')
    await whyBuild(locations.cache, build, words, options)
  }
  return 0
}

/** Splits off the last word if it is no target and looks like a path. */
function splitPath(
  { graph, disk }: Workspace,
  words: readonly string[],
): { targets: readonly string[]; path?: string } {
  const last = words.at(-1) ?? ''
  if (words.length < 2 || graph.artifacts.some(({ name }) => name === last)) return { targets: words }
  const isPath = /[/.]/.test(last) || disk.lstat(toRawPath(resolve(last))) !== undefined
  if (!isPath) return { targets: words }
  if (words.length > 2)
    throw new Failure(`'${last}' looks like a path, but more than one target is named`, {
      hint: 'write: lbuild why TARGET…, or lbuild why TARGET PATH',
      exitCode: 2,
    })
  return { targets: words.slice(0, -1), path: last }
}

async function show(
  workspace: Workspace,
  planned: Plan,
  targets: readonly string[],
  explanation: Explanation,
  failures: readonly FormerFailure[],
  { diff, all: wantsAll }: WhyOptions,
): Promise<void> {
  const all = wantsAll ?? false
  const now = Number(workspace.now() / 1_000_000n)
  for (const one of planned)
    if (targets.includes(one.node.name)) print(`${verdictLine(one, explanation, now)}\n`)
  for (const { artifact, startedAt, headline } of failures) {
    const when = startedAt === undefined ? 'in the last build' : ago(startedAt, now)
    const text = `${artifact} failed with these inputs ${when}: ${printable(headline)} (lbuild why --last)`
    print(`${paint(process.stdout, 'red', text)}\n`)
  }
  if (explanation.causes.length === 0) {
    const outputs = planned.flatMap(({ node }) =>
      Object.values(node.outputs).filter(({ published }) => published),
    )
    const checked = `${partCounts(explanation.unchanged.parts)}, ${counted(outputs.length, 'published output')}`
    print(`${dim(`checked: ${checked}`)}\n`)
    return
  }
  const below = diff ? (cause: ExplainedCause) => diffLines(workspace, planned, cause, all) : undefined
  const lines = await explanationLines(explanation, { all, now, ...(below ? { below } : {}) })
  print(`${lines.join('\n')}\n`)
}

const dim = (text: string): string => paint(process.stdout, 'dim', text)

/** What a build would do with a target, in one line. */
function verdictLine({ node, decision }: Planned, explanation: Explanation, now: number): string {
  const name = paint(process.stdout, 'bold', node.name)
  const { causes, consequences } = explanation
  if (decision.verdict === 'fresh') {
    const { build, startedAt, seconds } = decision.record
    const others = consequences.length
    const dependencies =
      others === 0 ? '' : `; ${others === 1 ? '1 dependency is' : `${others} dependencies are`} not`
    return `${name} is fresh: produced by the build ${build}, ${ago(Date.parse(startedAt), now)}, in ${duration(seconds)}${dependencies}`
  }
  const mine = consequences.find(({ artifact }) => artifact === node.name)
  const because = causeWords(mine?.causes ?? [], causes.length)
  switch (decision.verdict) {
    case 'stale':
      return `${name} must run: ${because}`
    case 'restorable':
      return `${name} would be restored from the store without a run: ${because}`
    case 'undecided':
      return `${name} runs only if ${mine ? conditions(explanation, mine) : 'its inputs change'}: ${because}`
  }
}

/** Returns `2 causes` if the artifact has all causes; otherwise returns their numbers, such as `causes 1, 3`. */
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
  const { causeDiffs, outputVersions } = await import('../../explain/causeDiffs.ts')
  const { diffs, unavailable } = causeDiffs(workspace, planned, cause)
  const versions = outputVersions(workspace, planned, cause)
  const inside = versions ? await changesInside(workspace, versions) : []
  const lines = [...diffs.flatMap((diff) => diff.split('\n')), ...inside.map((line) => `  ${line}`)]
  const shown = all ? lines : lines.slice(0, DIFF_LINES)
  return [
    ...shown.map(paintDiff),
    ...(lines.length > shown.length
      ? [dim(`… and ${counted(lines.length - shown.length, 'other line')} (--all)`)]
      : []),
    ...(unavailable.length > 0
      ? [dim(`  not text, too large to store, or no longer in the store: ${listed(unavailable, all)}`)]
      : []),
  ]
}

/**
 * Describes, in lines, what differs between two versions of an output: the built file and the file that replaced it, or
 * the former and the current content of an upstream output.
 */
async function changesInside(
  { disk, locations }: Workspace,
  { before, now }: { readonly before: RawPath; readonly now: RawPath },
): Promise<readonly string[]> {
  const { outputChanges } = await import('../../diff/outputChanges.ts')
  const { packageDatabase } = await import('../../debian/packageDatabase.ts')
  return outputChanges(disk, locations.cache, [packageDatabase], before, now)
}

function paintDiff(line: string): string {
  if (line.startsWith('+')) return paint(process.stdout, 'green', line)
  if (line.startsWith('-')) return paint(process.stdout, 'red', line)
  return line.startsWith('@@') ? paint(process.stdout, 'cyan', line) : line
}

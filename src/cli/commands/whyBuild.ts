// `lbuild why --build ID [TARGET…]`: explains a past build from its event log alone; opens neither the config nor an
// input.
import { printable } from '../../platform/printable.ts'
import type { LoggedArtifact, LoggedBuild } from '../../events/loggedBuild.ts'
import { settleConsequences } from '../../planner/causes.ts'
import type { ExplainedCause, Explanation } from '../../planner/evidence.ts'
import type { Reason } from '../../planner/domain.ts'
import { Failure } from '../../platform/failure.ts'
import { paint } from '../render/color.ts'
import { explanationLines } from '../render/explanation.ts'
import { duration } from '../../platform/units.ts'
import { failureText, summaryLines } from '../render/historyView.ts'
import { print, printDocument } from '../render/print.ts'
import { skippedBecause } from '../render/skipped.ts'
import { artifactsBelow, pastBuild } from '../pastBuild.ts'

export interface WhyPastOptions {
  readonly json?: boolean | undefined
  readonly all?: boolean | undefined
  /** Also show what differs inside outputs. */
  readonly diff?: boolean | undefined
}

/** Explains the build that `id` names, see {@link pastBuild}. */
export async function whyBuild(
  cache: string,
  id: string,
  targets: readonly string[],
  { json, all = false, diff }: WhyPastOptions,
): Promise<void> {
  const build = await pastBuild(cache, id)
  if (diff) throw noDiff(build)
  const wanted = artifactsBelow(build, targets)
  const explanation = explanationOf(build, wanted)
  const artifacts = build.artifacts.filter(({ name }) => wanted.has(name))
  if (json) printDocument({ ...buildDocument(build), ...explanation, artifacts })
  else await show(build, explanation, artifacts, all, id === 'last')
}

const buildDocument = ({ id, startedAt, targets, end }: LoggedBuild) => ({
  build: id,
  ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt).toISOString() }),
  targets,
  end,
})

async function show(
  build: LoggedBuild,
  explanation: Explanation,
  artifacts: readonly LoggedArtifact[],
  all: boolean,
  isLast: boolean,
): Promise<void> {
  const now = Date.now()
  print(`${summaryLines(build, now).join('\n')}\n`)
  const outcomes = new Map(artifacts.map((one) => [one.name, paintedOutcome(one)]))
  const outcome = (name: string): string | undefined => outcomes.get(name)
  const lines = [
    ...(build.failure ? ['', failureText(build.failure, '')] : []),
    ...(explanation.causes.length > 0 ? await explanationLines(explanation, { all, now, outcome }) : []),
    ...(build.explanation === undefined ? ['', 'Its log is incomplete and contains no explanation.'] : []),
    ...(isLast ? ['', paint(process.stdout, 'dim', 'Builds that have nothing to do are not logged.')] : []),
  ]
  print(lines.map((line) => `${line}\n`).join(''))
}

/** Returns the failure of `--diff` with one build. */
function noDiff({ id, explanation }: LoggedBuild): Failure {
  const since = explanation?.causes.flatMap(({ evidence }) => evidence.comparedWith?.build ?? [])[0]
  return new Failure('--diff cannot explain a single past build', {
    hint: `run lbuild why --between ${since ?? 'ID'} ${id} --diff`,
    exitCode: 2,
  })
}

/**
 * Restricts the explanation in a log to the wanted artifacts. Drops causes that do not reach any of them, and renumbers
 * the rest.
 */
export function explanationOf(
  { explanation, artifacts }: LoggedBuild,
  wanted: ReadonlySet<string>,
): Explanation {
  const byName = new Map(artifacts.map((one) => [one.name, one]))
  const fresh = artifacts
    .filter(({ name, outcome, cutOff }) => wanted.has(name) && outcome === 'fresh' && cutOff !== true)
    .map(({ name }) => name)
  // The log counts unchanged parts for all of its artifacts together.
  const isWhole = artifacts.every(({ name }) => wanted.has(name))
  const unchanged = { fresh, parts: (isWhole ? explanation?.unchanged.parts : undefined) ?? {} }
  if (explanation === undefined) return { causes: [], consequences: [], unchanged }
  const consequences = settleConsequences(explanation, (name) => endOf(byName.get(name))).filter(
    ({ artifact }) => wanted.has(artifact),
  )
  const reached = new Set(consequences.flatMap(({ causes, cutOff = [] }) => [...causes, ...cutOff]))
  const causes = [...explanation.causes.entries()].filter(([at]) => reached.has(at))
  const newIndex = new Map(causes.map(([at], index) => [at, index]))
  const renumber = (all: readonly number[]): number[] => all.flatMap((at) => newIndex.get(at) ?? [])
  return {
    causes: causes.map(([, cause]) => printableCause(cause)),
    consequences: consequences.map((one) => ({
      ...one,
      causes: renumber(one.causes),
      own: renumber(one.own),
      ...(one.cutOff ? { cutOff: renumber(one.cutOff) } : {}),
    })),
    unchanged,
  }
}

/** How an artifact ended, if its turn came. */
function endOf(
  artifact: LoggedArtifact | undefined,
): { readonly ran: boolean; readonly reasons: readonly Reason[] } | undefined {
  switch (artifact?.outcome) {
    case 'built':
    case 'restored':
    case 'failed':
      return { ran: true, reasons: artifact.reasons }
    case 'fresh':
      return { ran: false, reasons: [] }
    default:
      return undefined
  }
}

/** Removes control characters from every text of a cause, because lbuild does not trust the log file. */
const printableCause = (cause: ExplainedCause): ExplainedCause =>
  JSON.parse(JSON.stringify(cause), (_, value: unknown) =>
    typeof value === 'string' ? printable(value) : value,
  )

const paintedOutcome = (artifact: LoggedArtifact): string =>
  artifact.outcome === 'failed' ? paint(process.stdout, 'red', outcomeOf(artifact)) : outcomeOf(artifact)

/** Describes what happened to an artifact, without colors. */
export function outcomeOf(artifact: LoggedArtifact): string {
  const { outcome, seconds, changed, cutOff, failure } = artifact
  switch (outcome) {
    case 'built': {
      const time = seconds === undefined ? '' : `, ${duration(seconds)}`
      return `ran${time}${changed === false ? ': output identical to the previous one' : ''}`
    }
    case 'restored':
      return 'was restored from the store'
    case 'fresh':
      return cutOff === true ? 'did not run: its inputs are unchanged' : 'was fresh'
    case 'failed':
      return `failed: ${failure?.headline ?? ''}`
    case 'skipped':
      return ['was skipped', skippedBecause(artifact)].filter((words) => words !== '').join(', ')
    case 'unfinished':
      return 'was started and did not finish'
    case 'unreached':
      return 'was not reached'
  }
}

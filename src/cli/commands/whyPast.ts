import { print } from '../render/print.ts'
import { packageDatabase } from '../../debian/packageDatabase.ts'
import { toBytes } from '../../platform/bytes.ts'
import { realDisk } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import { readBuild } from '../../events/buildHistory.ts'
import type { LoggedArtifact, LoggedBuild } from '../../events/loggedBuild.ts'
import { settleConsequences } from '../../planner/causes.ts'
import type { Explanation, ExplainedCause } from '../../planner/evidence.ts'
import { ObjectStore } from '../../store/objects.ts'
import { isDigest } from '../../platform/digest.ts'
import { RecordStore } from '../../store/records.ts'
import type { RecordPair } from '../../explain/explainBetween.ts'
import { explainBetween } from '../../explain/explainBetween.ts'
import { locationsFor } from '../../workspace/workspace.ts'
import { listed, tellLines } from '../render/explanation.ts'
import { failureText, shown, summaryLines } from '../render/historyView.ts'
import type { Invocation } from '../session.ts'
import { startOf } from '../session.ts'
import { ago, counted, duration, paint } from '../render/format.ts'
import { recordOf } from '../../planner/types.ts'
import type { BuildRecord, Reason } from '../../planner/types.ts'

export interface WhyPastOptions {
  readonly directory?: string
  readonly json?: boolean
  readonly all?: boolean
  /** Show what differs inside the outputs, too. */
  readonly diff?: boolean
}

/**
 * `lbuild why --build ID [TARGET…]`: why a build did what it did, out of its log. Nothing is computed again, and neither
 * the config nor any input is opened.
 */
export async function whyPastCommand(
  { home }: Invocation,
  id: string,
  targets: readonly string[],
  { directory, json = false, all = false, diff = false }: WhyPastOptions,
): Promise<number> {
  const { cache } = locationsFor(realDisk, { start: startOf(directory), home })
  const build = loggedBuild(cache, id)
  if (diff) throw noDiff(build)
  const wanted = below(build, targets)
  const told = toldOf(build, wanted)
  const artifacts = build.artifacts.filter(({ name }) => wanted.has(name))
  if (json) {
    const { id: name, startedAt, targets: asked, end } = build
    print(
      `${JSON.stringify({ schemaVersion: 1, build: name, ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt).toISOString() }), targets: asked, end, ...told, artifacts }, undefined, 2)}\n`,
    )
    return 0
  }
  const now = Date.now()
  print(`${summaryLines(build, now).join('\n')}\n`)
  const outcomes = new Map(artifacts.map((one) => [one.name, became(one)]))
  const lines =
    told.causes.length > 0 ? await tellLines(told, { all, now, became: (name) => outcomes.get(name) }) : []
  const untold = build.explanation === undefined ? ['', 'Its log does not say why: it is incomplete.'] : []
  const ended = build.failure ? ['', failureText(build.failure, '')] : []
  const last =
    id === 'last' ? ['', paint(process.stdout, 'dim', 'Builds that have nothing to do are not logged.')] : []
  print([...ended, ...lines, ...untold, ...last].map((line) => `${line}\n`).join(''))
  return 0
}

/** The Failure for a build that is to be compared with what was before it. */
function noDiff({ id, explanation }: LoggedBuild): Failure {
  const since = explanation?.causes.find(({ evidence }) => evidence.comparedWith)?.evidence.comparedWith
    ?.build
  return new Failure('--diff tells what the next build sees, or how two builds differ', {
    hint: `lbuild why --between ${since ?? 'ID'} ${id} --diff`,
    exitCode: 2,
  })
}

/**
 * `lbuild why --between ID ID [TARGET…]`: why what one build had differs from what another had, out of their records.
 * The workspace is not looked at.
 */
export async function whyBetweenCommand(
  { home }: Invocation,
  ids: readonly [string, string],
  targets: readonly string[],
  { directory, json = false, all = false, diff = false }: WhyPastOptions,
): Promise<number> {
  const { cache } = locationsFor(realDisk, { start: startOf(directory), home })
  const [before, now] = [loggedBuild(cache, ids[0]), loggedBuild(cache, ids[1])]
  const records = new RecordStore(realDisk, toBytes(`${cache}/records`))
  const wanted = below(now, targets)
  below(before, targets)
  const recordIn = (build: LoggedBuild, artifact: string): BuildRecord | undefined => {
    const key = build.artifacts.find(({ name }) => name === artifact)?.key
    return isDigest(key) ? recordOf(records.find(artifact, key)) : undefined
  }
  const pairs = now.artifacts
    .filter(({ name }) => wanted.has(name))
    .map(({ name }): RecordPair => ({
      artifact: name,
      before: recordIn(before, name),
      now: recordIn(now, name),
    }))
  const told = await explainBetween(
    new ObjectStore(realDisk, toBytes(`${cache}/objects`)),
    pairs.filter((pair) => pair.before && pair.now),
  )
  const unknown = pairs.filter((pair) => !pair.before || !pair.now).map(({ artifact }) => artifact)
  if (json) {
    print(
      `${JSON.stringify({ schemaVersion: 1, between: [before.id, now.id], ...told, unknown }, undefined, 2)}\n`,
    )
    return 0
  }
  const at = Date.now()
  const when = ({ id, startedAt }: LoggedBuild): string =>
    `${id}${startedAt === undefined ? '' : `, ${ago(startedAt, at)}`}`
  const count = told.causes.length === 0 ? 'nothing differs' : counted(told.causes.length, 'cause')
  print(`between ${when(before)}\n    and ${when(now)}: ${count}\n`)
  const same = new Map(
    pairs.map(({ artifact, before: old, now: current }) => [
      artifact,
      old && current && sameOutputs(old, current),
    ]),
  )
  const differs = (name: string): string =>
    same.get(name) ? 'was made again, with the same bytes' : 'has other bytes'
  if (told.causes.length > 0)
    print(
      `${(await tellLines(told, { all, now: at, became: differs, same: 'The same in both' })).join('\n')}\n`,
    )
  if (diff)
    for (const pair of pairs) print((await outputLines(cache, pair, all)).map((line) => `${line}\n`).join(''))
  if (unknown.length > 0)
    print(
      `Not compared: ${listed(unknown, all)}, which only one of the two had, or whose record is no longer kept.\n`,
    )
  return 0
}

/** How many lines are shown of what differs inside one output. */
const SHOWN = 30

/** What differs inside the outputs of two records, in lines. */
async function outputLines(
  cache: string,
  { before, now }: RecordPair,
  all: boolean,
): Promise<readonly string[]> {
  const { outputChanges } = await import('../../diff/outputChanges.ts')
  const objects = new ObjectStore(realDisk, toBytes(`${cache}/objects`))
  const lines: string[] = []
  for (const [name, output] of Object.entries(now?.outputs ?? {})) {
    const old = before?.outputs[name]
    if (!old || old.sha256 === output.sha256 || !objects.has(old) || !objects.has(output)) continue
    const inside = await outputChanges(
      realDisk,
      cache,
      [packageDatabase],
      objects.path(old.sha256),
      objects.path(output.sha256),
    )
    const shown = all ? inside : inside.slice(0, SHOWN)
    lines.push(
      '',
      `${now!.artifact}: ${output.path}, ${counted(inside.length, 'difference')}`,
      ...shown.map((line) => `  ${line}`),
    )
    if (inside.length > shown.length)
      lines.push(`  … and ${counted(inside.length - shown.length, 'other')} (--all)`)
  }
  return lines
}

function loggedBuild(cache: string, id: string): LoggedBuild {
  const build = readBuild(realDisk, cache, id)
  if (build) return build
  if (id === 'last')
    throw new Failure('no build was logged here yet', {
      hint: 'a build that has nothing to do leaves no log',
      exitCode: 2,
    })
  throw new Failure(`there is no build '${id}'`, { hint: 'lbuild history lists them', exitCode: 2 })
}

/** Targets and all below them, as the build had them; everything where no target is named. Throws a Failure for a name that it had not. */
function below({ id, artifacts }: LoggedBuild, targets: readonly string[]): ReadonlySet<string> {
  const known = new Map(artifacts.map((one) => [one.name, one]))
  for (const target of targets)
    if (!known.has(target))
      throw new Failure(`the build ${id} had nothing to do with '${target}'`, {
        hint: `it had ${[...known.keys()].join(', ')}`,
        exitCode: 2,
      })
  const wanted = new Set(targets.length > 0 ? targets : known.keys())
  // A set is walked through to its end, with what is added on the way.
  for (const name of wanted) for (const other of known.get(name)?.dependencies ?? []) wanted.add(other)
  return wanted
}

/** What the log says of some artifacts: the causes that reached one of them, or might have. */
function toldOf({ explanation, artifacts }: LoggedBuild, wanted: ReadonlySet<string>): Explanation {
  const ends = new Map(artifacts.map((one) => [one.name, one]))
  const fresh = artifacts
    .filter(({ name, outcome, cutOff }) => wanted.has(name) && outcome === 'fresh' && cutOff !== true)
    .map(({ name }) => name)
  // The log counts for all of its targets together.
  const counts = artifacts.every(({ name }) => wanted.has(name)) ? explanation?.unchanged.parts : undefined
  const unchanged = { fresh, parts: counts ?? {} }
  const consequences = explanation ? settleConsequences(explanation, (name) => endOf(ends.get(name))) : []
  const mine = consequences.filter(({ artifact }) => wanted.has(artifact))
  const reached = new Set(mine.flatMap(({ causes, cutOff = [] }) => [...causes, ...cutOff]))
  const locations = [...reached].filter((at) => explanation!.causes[at] !== undefined).sort((a, b) => a - b)
  const moved = new Map(locations.map((at, place) => [at, place]))
  const renumber = (all: readonly number[]): number[] => all.flatMap((at) => moved.get(at) ?? [])
  return {
    causes: locations.map((at) => printable(explanation!.causes[at]!)),
    consequences: mine.map((one) => ({
      ...one,
      causes: renumber(one.causes),
      own: renumber(one.own),
      ...(one.cutOff ? { cutOff: renumber(one.cutOff) } : {}),
    })),
    unchanged,
  }
}

/** How an artifact ended, where its turn came. */
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

/** A cause out of a log, whoever wrote it, with texts that do not move the cursor. */
const printable = (cause: ExplainedCause): ExplainedCause =>
  JSON.parse(JSON.stringify(cause), (_, value: unknown) =>
    typeof value === 'string' ? shown(value) : value,
  ) as ExplainedCause

/** What became of an artifact, in words. */
function became({ outcome, seconds, changed, cutOff, failure, failedArtifact }: LoggedArtifact): string {
  switch (outcome) {
    case 'built': {
      const time = seconds === undefined ? '' : `, ${duration(seconds)}`
      return `ran${time}${changed === false ? ': the same bytes as before' : ''}`
    }
    case 'restored':
      return 'was restored from the store'
    case 'fresh':
      return cutOff === true ? 'did not run: what it depends on came out the same' : 'was up to date'
    case 'failed':
      return paint(process.stdout, 'red', `failed: ${failure?.headline ?? ''}`)
    case 'skipped':
      return `was skipped${failedArtifact === undefined ? '' : `, because ${failedArtifact} failed`}`
    case 'unfinished':
      return 'was begun and did not end'
    case 'unreached':
      return 'was not reached'
  }
}

const sameOutputs = (before: BuildRecord, now: BuildRecord): boolean =>
  Object.entries(now.outputs).every(([name, { sha256 }]) => before.outputs[name]?.sha256 === sha256)

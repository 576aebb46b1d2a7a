// `lbuild why --between ID ID [TARGET…]`: explains from two builds' records why their outputs differ; ignores the
// workspace.
import type { Locations } from '../../config/locations.ts'
import { packageDatabase } from '../../debian/packageDatabase.ts'
import type { LoggedBuild } from '../../events/loggedBuild.ts'
import type { RecordPair } from '../../explain/explainBetween.ts'
import { explainBetween } from '../../explain/explainBetween.ts'
import type { RunRecord } from '../../planner/domain.ts'
import { recordOf } from '../../planner/domain.ts'
import type { Explanation } from '../../planner/evidence.ts'
import { isDigest } from '../../platform/digest.ts'
import { realDisk } from '../../platform/disk.ts'
import { objectStore, recordStore } from '../../workspace/workspace.ts'
import { artifactsBelow, pastBuild } from '../pastBuild.ts'
import { explanationLines, listed } from '../render/explanation.ts'
import { counted } from '../../platform/units.ts'
import { ago } from '../render/format.ts'
import { print, printDocument } from '../render/print.ts'
import type { WhyPastOptions } from './whyBuild.ts'

/** Two builds with the records of each artifact. */
interface Comparison {
  readonly before: LoggedBuild
  readonly now: LoggedBuild
  readonly pairs: readonly RecordPair[]
  readonly explanation: Explanation
  /** Artifacts without a record in one of the two builds. */
  readonly unknown: readonly string[]
}

/** Explains what the build `ids[1]` did differently from the build `ids[0]`. */
export async function whyBetween(
  locations: Locations,
  ids: readonly [string, string],
  targets: readonly string[],
  { json, all = false, diff }: WhyPastOptions,
): Promise<void> {
  const [earlier, later] = ids
  const { cache } = locations
  const comparison = await compare(
    locations,
    await pastBuild(cache, earlier),
    await pastBuild(cache, later),
    targets,
  )
  const { before, now, pairs, explanation, unknown } = comparison
  if (json) return printDocument({ between: [before.id, now.id], ...explanation, unknown })
  await showCauses(comparison, all)
  if (diff)
    for (const pair of pairs)
      print((await outputLines(locations, pair, all)).map((line) => `${line}\n`).join(''))
  if (unknown.length > 0)
    print(
      `Not compared: ${listed(unknown, all)}; only one of the builds has a record, or the record was removed.\n`,
    )
}

async function compare(
  locations: Locations,
  before: LoggedBuild,
  now: LoggedBuild,
  targets: readonly string[],
): Promise<Comparison> {
  const records = recordStore(realDisk, locations)
  const wanted = artifactsBelow(now, targets)
  artifactsBelow(before, targets)
  const recordIn = (build: LoggedBuild, artifact: string): RunRecord | undefined => {
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
  const explanation = await explainBetween(
    objectStore(realDisk, locations),
    pairs.filter((pair) => pair.before && pair.now),
  )
  const unknown = pairs.filter((pair) => !pair.before || !pair.now).map(({ artifact }) => artifact)
  return { before, now, pairs, explanation, unknown }
}

async function showCauses({ before, now, pairs, explanation }: Comparison, all: boolean): Promise<void> {
  const at = Date.now()
  const when = ({ id, startedAt }: LoggedBuild): string =>
    `${id}${startedAt === undefined ? '' : `, ${ago(startedAt, at)}`}`
  const { causes } = explanation
  const count = causes.length === 0 ? 'nothing differs' : counted(causes.length, 'cause')
  print(`between ${when(before)}\n    and ${when(now)}: ${count}\n`)
  if (causes.length === 0) return
  const identical = new Set(pairs.filter(hasSameOutputs).map(({ artifact }) => artifact))
  const outcome = (name: string): string =>
    identical.has(name) ? 'was rebuilt; its outputs are identical' : 'has different outputs'
  const lines = await explanationLines(explanation, { all, now: at, outcome, same: 'The same in both' })
  print(`${lines.join('\n')}\n`)
}

const hasSameOutputs = ({ before, now }: RecordPair): boolean =>
  before !== undefined &&
  now !== undefined &&
  Object.entries(now.outputs).every(([name, { sha256 }]) => before.outputs[name]?.sha256 === sha256)

/** How many differences inside one output are listed before the rest is counted. */
const SHOWN = 30

/** The differences inside the outputs of two records, in lines. */
async function outputLines(
  locations: Locations,
  { artifact, before, now }: RecordPair,
  all: boolean,
): Promise<readonly string[]> {
  const { outputChanges } = await import('../../diff/outputChanges.ts')
  const objects = objectStore(realDisk, locations)
  const lines: string[] = []
  for (const [name, output] of Object.entries(now?.outputs ?? {})) {
    const old = before?.outputs[name]
    if (!old || old.sha256 === output.sha256 || !objects.has(old) || !objects.has(output)) continue
    const changes = await outputChanges(
      realDisk,
      locations.cache,
      [packageDatabase],
      objects.path(old.sha256),
      objects.path(output.sha256),
    )
    const shown = all ? changes : changes.slice(0, SHOWN)
    lines.push(
      '',
      `${artifact}: ${output.path}, ${counted(changes.length, 'difference')}`,
      ...shown.map((line) => `  ${line}`),
    )
    if (changes.length > shown.length)
      lines.push(`  … and ${counted(changes.length - shown.length, 'other')} (--all)`)
  }
  return lines
}

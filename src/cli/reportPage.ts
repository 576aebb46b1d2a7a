// Collects what the report page of a build shows: its log, its explanation as `why` tells it, diffs, and past builds.
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Locations } from '../config/locations.ts'
import { listBuilds } from '../events/buildHistory.ts'
import type { LoggedArtifact, LoggedBuild } from '../events/loggedBuild.ts'
import type { CauseDiffs } from '../explain/causeDiffs.ts'
import { NO_DIFFS } from '../explain/causeDiffs.ts'
import { recordDiffs } from '../explain/recordDiffs.ts'
import type { RunRecord } from '../planner/domain.ts'
import { recordOf } from '../planner/domain.ts'
import type { ExplainedCause } from '../planner/evidence.ts'
import { isDigest } from '../platform/digest.ts'
import { realDisk } from '../platform/disk.ts'
import type { PageAssets } from '../report/html.ts'
import type { PageCause, PageOutput } from '../report/model.ts'
import type { PageSource } from '../report/pageData.ts'
import type { RecordStore } from '../store/records.ts'
import { objectStore, recordStore } from '../workspace/workspace.ts'
import { explanationOf, outcomeOf } from './commands/whyBuild.ts'
import { consequences } from './render/consequences.ts'
import { causeText } from './render/explanation.ts'
import { commandLine } from './render/historyView.ts'

/** How many past builds the trends show. */
const SHOWN_BUILDS = 50

/** The compiled script and style of the page, which lie beside the compiled program. */
export const pageAssets = (code: string): PageAssets => ({
  script: readFileSync(`${code}/page.js`, 'utf8'),
  style: readFileSync(`${code}/page.css`, 'utf8'),
})

/** The name of a workspace: that of its directory. */
export const workspaceName = ({ root }: Locations): string => basename(root)

/**
 * Collects what the page of a build shows. Reads the log and the store, but neither the config nor an input. `ended`
 * remembers past builds; see {@link listBuilds}.
 */
export async function pageSource(
  locations: Locations,
  build: LoggedBuild,
  at: number,
  ended?: Map<string, LoggedBuild>,
): Promise<PageSource> {
  const records = recordStore(realDisk, locations)
  return {
    title: workspaceName(locations),
    at,
    build,
    command: commandLine(build),
    causes: await causesOf(locations, records, build),
    history: await historyUntil(locations, build, ended),
    describeOutcome: outcomeOf,
    recordedOutputs: (artifact) => outputsOf(recordIn(records, artifact)),
  }
}

async function historyUntil(
  { cache }: Locations,
  build: LoggedBuild,
  ended: Map<string, LoggedBuild> | undefined,
): Promise<readonly LoggedBuild[]> {
  const builds = [build]
  for await (const other of listBuilds(realDisk, cache, ended)) {
    if (builds.length >= SHOWN_BUILDS) break
    if (other.id < build.id) builds.push(other)
  }
  return builds
}

/** The record of an artifact with the key that it had in a build. */
function recordIn(records: RecordStore, { name, key }: LoggedArtifact): RunRecord | undefined {
  return isDigest(key) ? recordOf(records.find(name, key)) : undefined
}

const outputsOf = (record: RunRecord | undefined): readonly PageOutput[] =>
  Object.entries(record?.outputs ?? {}).map(([name, { path, size, published }]) => ({
    name,
    path,
    size,
    published,
    changed: false,
  }))

async function causesOf(
  locations: Locations,
  records: RecordStore,
  build: LoggedBuild,
): Promise<readonly PageCause[]> {
  const all = new Set(build.artifacts.map(({ name }) => name))
  const explanation = explanationOf(build, all)
  const outcomes = new Map(build.artifacts.map((one) => [one.name, outcomeOf(one)]))
  const outcome = (name: string): string | undefined => outcomes.get(name)
  const causes: PageCause[] = []
  for (const [at, cause] of explanation.causes.entries()) {
    const { diffs, unavailable } = await diffsOf(locations, records, build, cause)
    causes.push({
      ...causeText(cause, build.startedAt ?? 0),
      consequences: consequences(explanation, at, outcome),
      diffs,
      unavailable,
    })
  }
  return causes
}

/** The diffs of a cause; none if the store has no record of the run before, or of the run in this build. */
async function diffsOf(
  locations: Locations,
  records: RecordStore,
  { artifacts }: LoggedBuild,
  { reason, artifacts: [name = ''], evidence }: ExplainedCause,
): Promise<CauseDiffs> {
  const artifact = artifacts.find((one) => one.name === name)
  const now = artifact && recordIn(records, artifact)
  const before = records.listOf(name).find(({ build }) => build === evidence.comparedWith?.build)
  return now && before ? recordDiffs(objectStore(realDisk, locations), reason, before, now) : NO_DIFFS
}

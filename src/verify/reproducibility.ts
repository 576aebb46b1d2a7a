// Checks reproducibility: runs producers again in other circumstances and compares their outputs with the records.
import { availableParallelism } from 'node:os'
import { monotonicSeconds } from '../platform/clock.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import { fileDigest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import { lockfilesOf } from '../graph/graph.ts'
import { plan } from '../planner/plan.ts'
import type { SessionOptions } from '../executor/options.ts'
import { inSession } from '../executor/buildSession.ts'
import type { SessionContext } from '../executor/sessionContext.ts'
import { Interrupted } from '../executor/sessionContext.ts'
import { layInputs } from '../executor/inputs.ts'
import type { Locked } from '../executor/locked.ts'
import { throwIfUnresolved } from '../executor/locked.ts'
import { produceTask, runTask } from '../executor/producer.ts'
import { checkOutputs } from '../sandbox/result.ts'
import { otherCircumstances } from '../executor/variation.ts'
import { discardWork, makeWorkDirectory, preserveWork } from '../sandbox/workDirectory.ts'
import type { WorkDirectory } from '../sandbox/workDirectory.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ByteDifference } from '../diff/byteDifference.ts'
import { byteDifference } from '../diff/byteDifference.ts'
import type { MemberDifference } from '../diff/tarDifference.ts'
import { tarDifference } from '../diff/tarDifference.ts'
import type { Plan, Planned, RecordedOutput, RunRecord } from '../planner/domain.ts'

export interface ReproducibilityOptions extends SessionOptions {
  readonly targets: readonly string[]
  /** Run only the producers of the targets again, not those of their dependencies. */
  readonly only?: boolean
  /** Why the session may not resolve lockfiles; the error then names those that are missing or outdated. */
  readonly locked?: Locked
  /** The number of producers that run at a time (default: the number of processors). */
  readonly jobs?: number
}

/** An output that differs from the recorded one. */
export interface OutputDifference {
  /** Its name in the declaration. */
  readonly output: string
  readonly path: string
  /** The first member that differs, if both are tars. */
  readonly member?: MemberDifference
  /** The first bytes that differ; missing if the recorded object is damaged or missing. */
  readonly bytes?: ByteDifference
}

/** The result of running one producer again. A member of `artifacts` in `lbuild verify --rebuild --json`. */
export interface RebuiltArtifact {
  readonly artifact: string
  readonly seconds: number
  readonly outcome: 'same' | 'differs' | 'failed'
  /** The differences, in the order of the declaration. */
  readonly differences: readonly OutputDifference[]
  readonly failure?: Failure
  /** The directory with the outputs that differ and the log, unless the outcome is `same`. */
  readonly workDirectory?: string
}

export interface ReproducibilityReport {
  /** The artifacts, in the order of the graph. */
  readonly artifacts: readonly RebuiltArtifact[]
  readonly seconds: number
}

/**
 * Finds inputs that keys miss and producers that are not reproducible: runs the producers of some targets and, unless
 * `only` is set, of all their dependencies again, each on the inputs of its latest record and in other circumstances (see {@link
 * otherCircumstances}), and compares the outputs with the record. Publishes and records nothing. Continues after a
 * difference. Keeps the work directory of a run that differs until the artifact is verified again. Throws a Failure
 * (exit code 2) if an artifact is not fresh.
 */
export function checkReproducibility(
  workspace: Workspace,
  options: ReproducibilityOptions,
): Promise<ReproducibilityReport> {
  const startedAt = monotonicSeconds()
  const { targets, only = false, locked, jobs = availableParallelism() } = options
  return inSession(workspace, options, async (base) => {
    const snapshot = await takeSnapshot(workspace, targets, new Set())
    const planned = plan(workspace.graph, targets, snapshot)
    throwIfUnresolved(workspace.graph, planned, locked)
    const fresh = freshArtifacts(planned, targets)
    const context: SessionContext = { ...base, snapshot, variation: otherCircumstances() }
    const artifacts = await inParallel(
      jobs,
      fresh.filter(({ planned }) => !only || targets.includes(planned.node.name)),
      ({ planned, record }) => rebuild(context, planned, record),
      () => base.processes.killAll(),
    )
    return { artifacts, seconds: monotonicSeconds() - startedAt }
  })
}

/** Every artifact of a plan with its record. Throws a Failure (exit code 2) unless all are fresh. */
function freshArtifacts(
  planned: Plan,
  targets: readonly string[],
): { planned: Planned; record: RunRecord }[] {
  const others = planned.filter(({ decision }) => decision.verdict !== 'fresh')
  if (others.length > 0)
    throw new Failure('verify --rebuild needs fresh artifacts', {
      facts: others.map(({ node, decision }) => [node.name, decision.verdict] as const),
      hint: `build them first: lbuild ${targets.join(' ')}`,
      exitCode: 2,
    })
  return planned.flatMap((one) =>
    one.decision.verdict === 'fresh' ? [{ planned: one, record: one.decision.record }] : [],
  )
}

/**
 * Runs `action` on all items in their order, at most `jobs` at a time, and returns the results in the same order. If one
 * action fails, starts no other, calls `cancel`, and waits for those that run.
 */
async function inParallel<Item, Result>(
  jobs: number,
  items: readonly Item[],
  action: (item: Item) => Promise<Result>,
  cancel: () => Promise<void>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  const queue = [...items.entries()]
  const workers = Array.from({ length: Math.min(jobs, items.length) }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await action(next[1])
  })
  try {
    await Promise.all(workers)
  } catch (error) {
    queue.length = 0
    await cancel()
    await Promise.allSettled(workers)
    throw error
  }
  return results
}

async function rebuild(
  context: SessionContext,
  planned: Planned,
  record: RunRecord,
): Promise<RebuiltArtifact> {
  const { workspace, build, listener } = context
  const { disk, locations } = workspace
  const artifact = planned.node.name
  listener({ type: 'rebuilding', artifact, usualSeconds: record.seconds })
  for (const lockfile of lockfilesOf(planned.node)) await context.downloads.fetch(context, lockfile)
  const startedAt = monotonicSeconds()
  const work = makeWorkDirectory(disk, locations.cache, build, `${artifact}.verify`)
  const result = await runAndCompare(context, planned, record, work)
  const { outcome } = result
  if (outcome === 'same') discardWork(disk, work.path)
  else {
    discardWork(disk, `${work.path}/scratch`)
    preserveWork(disk, work)
  }
  const seconds = monotonicSeconds() - startedAt
  listener({ type: 'rebuilt', artifact, seconds, outcome })
  return { artifact, seconds, ...result, ...(outcome === 'same' ? {} : { workDirectory: work.path }) }
}

async function runAndCompare(
  context: SessionContext,
  planned: Planned,
  record: RunRecord,
  work: WorkDirectory,
): Promise<Pick<RebuiltArtifact, 'outcome' | 'differences' | 'failure'>> {
  const { workspace, signal } = context
  const { node, parts } = planned
  try {
    const inputs = await layInputs(context, node, parts, work)
    await runTask(context, produceTask(node), work, inputs)
    checkOutputs(workspace.disk, node, work)
    const differences = await differencesOf(workspace, record, work)
    if (differences.length === 0) return { outcome: 'same', differences }
    if (await isUnchanged(workspace, planned)) return { outcome: 'differs', differences }
    throw new Failure(`inputs of '${node.name}' changed during the rebuild`, {
      hint: 'build, then verify again',
    })
  } catch (error) {
    if (signal.aborted) throw new Interrupted('interrupted')
    if (!(error instanceof Failure)) throw error
    return { outcome: 'failed', differences: [], failure: error }
  }
}

async function differencesOf(
  workspace: Workspace,
  record: RunRecord,
  work: WorkDirectory,
): Promise<readonly OutputDifference[]> {
  const differences: OutputDifference[] = []
  for (const [output, recorded] of Object.entries(record.outputs)) {
    const file = toRawPath(`${work.outputs}/${output}`)
    if (fileDigest(workspace.disk, file) !== recorded.sha256)
      differences.push({ output, path: recorded.path, ...(await firstDifference(workspace, recorded, file)) })
  }
  return differences
}

async function firstDifference(
  { disk, objects }: Workspace,
  { sha256 }: RecordedOutput,
  file: RawPath,
): Promise<Pick<OutputDifference, 'member' | 'bytes'>> {
  if (!objects.isWhole(sha256)) return {}
  const object = objects.path(sha256)
  const member = await tarDifference(disk, object, file)
  const bytes = byteDifference(disk, object, file)
  return { ...(member ? { member } : {}), ...(bytes ? { bytes } : {}) }
}

/** Whether the key of an artifact is still the planned one: a tool or a variable may have changed during the rebuild. */
async function isUnchanged(workspace: Workspace, { node, key }: Planned): Promise<boolean> {
  const snapshot = await takeSnapshot(workspace, [node.name], new Set())
  return plan(workspace.graph, [node.name], snapshot).at(-1)?.key === key
}

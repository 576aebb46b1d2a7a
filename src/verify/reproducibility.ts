import { availableParallelism } from 'node:os'
import type { ByteDifference } from '../diff/byteDifference.ts'
import { byteDifference } from '../diff/byteDifference.ts'
import type { MemberDifference } from '../diff/tarDifference.ts'
import { tarDifference } from '../diff/tarDifference.ts'
import type { SessionOptions } from '../executor/buildSession.ts'
import { inSession } from '../executor/buildSession.ts'
import type { RunContext } from '../executor/context.ts'
import { Interrupted } from '../executor/context.ts'
import { layInputs } from '../executor/inputs.ts'
import { produceTask, runTask } from '../executor/producer.ts'
import { otherCircumstances } from '../executor/variation.ts'
import { lockfilesOf } from '../graph/graph.ts'
import { plan } from '../planner/plan.ts'
import type { BuildRecord, Plan, Planned, RecordedOutput } from '../planner/types.ts'
import type { Bytes } from '../platform/bytes.ts'
import { toBytes } from '../platform/bytes.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { fileDigest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import { checkOutputs } from '../sandbox/result.ts'
import type { WorkDirectory } from '../sandbox/workDirectory.ts'
import { makeWorkDirectory, preserveWork, removeWork } from '../sandbox/workDirectory.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'

export interface CanaryOptions extends SessionOptions {
  readonly targets: readonly string[]
  /** How many producers run at a time; one for each processor unless given. */
  readonly jobs?: number
}

/** An output that another run of its producer made in another way. */
export interface OutputDifference {
  /** Its name in the declaration. */
  readonly output: string
  readonly path: string
  /** The first member that differs, where both are tars. */
  readonly member?: MemberDifference
  /** The first bytes that differ; missing where the object of the recorded one is damaged or gone. */
  readonly bytes?: ByteDifference
}

/** What came of running one producer again. */
export interface Rebuilt {
  readonly artifact: string
  readonly seconds: number
  readonly outcome: 'same' | 'differs' | 'failed'
  /** In the order of the declaration. */
  readonly differences: readonly OutputDifference[]
  readonly failure?: Failure
  /** Where the outputs that differ and the log are kept. */
  readonly work?: string
}

export interface CanaryReport {
  /** In the order of the graph. */
  readonly artifacts: readonly Rebuilt[]
  readonly seconds: number
}

/**
 * The canary for what a key does not hold: runs the producers of all artifacts at and below some targets again, each on
 * the inputs of its latest record and in other circumstances (see {@link otherCircumstances}), and compares the outputs
 * with the record. Publishes and records nothing. Goes on after a difference. What differs stays in its work directory
 * until the artifact is verified again. Throws a Failure (exit code 2) when one of the artifacts is not fresh.
 */
export function rebuildAll(workspace: Workspace, options: CanaryOptions): Promise<CanaryReport> {
  const startedAt = monotonicSeconds()
  const { targets, jobs = availableParallelism() } = options
  return inSession(workspace, options, async (base) => {
    const snapshot = await takeSnapshot(workspace, targets, new Set())
    const fresh = freshOnes(plan(workspace.graph, targets, snapshot), targets)
    const context: RunContext = { ...base, snapshot, variation: otherCircumstances() }
    const artifacts: Rebuilt[] = []
    const work = async (at: number): Promise<void> => {
      const { planned, record } = fresh[at]!
      artifacts[at] = await rebuild(context, planned, record)
    }
    await inParallel(jobs, fresh.length, work, () => base.processes.killAll())
    return { artifacts, seconds: monotonicSeconds() - startedAt }
  })
}

/** Every artifact of a plan with its record. Throws a Failure (exit code 2) unless all are fresh. */
function freshOnes(planned: Plan, targets: readonly string[]): { planned: Planned; record: BuildRecord }[] {
  const dirty = planned.filter(({ decision }) => decision.verdict !== 'fresh')
  if (dirty.length > 0)
    throw new Failure('only what is up to date can be built again and compared', {
      facts: dirty.map(({ node, decision }) => [node.name, decision.verdict] as const),
      hint: `build first: lbuild ${targets.join(' ')}`,
      exitCode: 2,
    })
  return planned.flatMap((one) =>
    one.decision.verdict === 'fresh' ? [{ planned: one, record: one.decision.record }] : [],
  )
}

/** Works through a list from its beginning, some of it at a time. When one fails the others are ended, and nothing begins. */
async function inParallel(
  jobs: number,
  count: number,
  work: (at: number) => Promise<void>,
  end: () => Promise<void>,
): Promise<void> {
  let next = 0
  const workers = Array.from({ length: Math.min(jobs, count) }, async () => {
    while (next < count) await work((next += 1) - 1)
  })
  try {
    await Promise.all(workers)
  } catch (error) {
    next = count
    await end()
    await Promise.allSettled(workers)
    throw error
  }
}

async function rebuild(context: RunContext, planned: Planned, record: BuildRecord): Promise<Rebuilt> {
  const { workspace, build, listener } = context
  const { disk, locations } = workspace
  const artifact = planned.node.name
  listener({ type: 'rebuilding', artifact, usualSeconds: record.seconds })
  for (const lock of lockfilesOf(planned.node)) await context.downloads.fetch(context, lock)
  const startedAt = monotonicSeconds()
  const work = makeWorkDirectory(disk, locations.cache, build, `${artifact}.verify`)
  const result = await runAndCompare(context, planned, record, work)
  const { outcome } = result
  if (outcome === 'same') removeWork(disk, work.path)
  else {
    removeWork(disk, `${work.path}/scratch`)
    preserveWork(disk, work)
  }
  const seconds = monotonicSeconds() - startedAt
  listener({ type: 'rebuilt', artifact, seconds, outcome })
  return { artifact, seconds, ...result, ...(outcome === 'same' ? {} : { work: work.path }) }
}

async function runAndCompare(
  context: RunContext,
  planned: Planned,
  record: BuildRecord,
  work: WorkDirectory,
): Promise<Pick<Rebuilt, 'outcome' | 'differences' | 'failure'>> {
  const { workspace, signal } = context
  const { node, parts } = planned
  try {
    const inputs = await layInputs(context, node, parts, work)
    await runTask(context, produceTask(node), work, inputs)
    checkOutputs(workspace.disk, node, work)
    const differences = await differencesOf(workspace, record, work)
    if (differences.length === 0) return { outcome: 'same', differences }
    if (await isUnmoved(workspace, planned)) return { outcome: 'differs', differences }
    throw new Failure(`what '${node.name}' is made of changed while it was built again`, {
      hint: 'build, and verify again',
    })
  } catch (error) {
    if (signal.aborted) throw new Interrupted('interrupted')
    if (!(error instanceof Failure)) throw error
    return { outcome: 'failed', differences: [], failure: error }
  }
}

async function differencesOf(
  workspace: Workspace,
  record: BuildRecord,
  work: WorkDirectory,
): Promise<readonly OutputDifference[]> {
  const differences: OutputDifference[] = []
  for (const [output, recorded] of Object.entries(record.outputs)) {
    const file = toBytes(`${work.outputs}/${output}`)
    if (fileDigest(workspace.disk, file) !== recorded.sha256)
      differences.push({ output, path: recorded.path, ...(await placeOf(workspace, recorded, file)) })
  }
  return differences
}

async function placeOf(
  { disk, objects }: Workspace,
  { sha256 }: RecordedOutput,
  file: Bytes,
): Promise<Pick<OutputDifference, 'member' | 'bytes'>> {
  if (!objects.isWhole(sha256)) return {}
  const object = objects.path(sha256)
  const member = await tarDifference(disk, object, file)
  const bytes = byteDifference(disk, object, file)
  return { ...(member ? { member } : {}), ...(bytes ? { bytes } : {}) }
}

/** Whether the key of an artifact is still the one of the plan: a tool or an environment may have changed meanwhile. */
async function isUnmoved(workspace: Workspace, { node, key }: Planned): Promise<boolean> {
  const snapshot = await takeSnapshot(workspace, [node.name], new Set())
  return plan(workspace.graph, [node.name], snapshot).at(-1)?.key === key
}

// Executes one artifact: runs its producer or restores a past result, and publishes the outputs.
import { shownOutput } from '../config/locations.ts'
import type { BuiltOutput } from '../events/events.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { lockfilesOf } from '../graph/graph.ts'
import { isSamePart, partIndex, subjectOf } from '../planner/part.ts'
import type { Planned, Reason, RunRecord } from '../planner/domain.ts'
import { recordOf } from '../planner/domain.ts'
import { display, toRawPath } from '../platform/rawPath.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { checkOutputs } from '../sandbox/result.ts'
import { discardWork, makeWorkDirectory, preserveLog, preserveWork } from '../sandbox/workDirectory.ts'
import { DamagedObject } from '../store/objects.ts'
import { publish } from '../store/publish.ts'
import { declaredTools, sourceParts } from '../workspace/snapshot.ts'
import { commitResult, toolVersions, toolsToAsk } from './commitResult.ts'
import type { SessionContext } from './sessionContext.ts'
import { Cancelled } from './sessionContext.ts'
import { layInputs } from './inputs.ts'
import { fullDuringRun, isCacheFull, isLackOfSpace } from './diskSpace.ts'
import { InputChanged } from './materialize.ts'
import { produceTask, runTask } from './producer.ts'
import { outputReport } from './report.ts'
import type { Runnable } from './runningProducer.ts'

/**
 * Runs the producer of a stale artifact, commits its result and publishes the outputs. After a crash, each
 * output is either the old file or the new one, and the next build publishes the rest. Resolves with the seconds that the run took. Throws {@link InputChanged} or DamagedObject if
 * something that the plan relies on changed, and {@link Cancelled} if `cancel` ended the run; then nothing is kept.
 */
export async function executeArtifact(
  context: SessionContext,
  planned: Runnable,
  reasons: readonly Reason[],
  cancel: AbortSignal,
): Promise<number> {
  const { workspace, snapshot, listener, build } = context
  const { node, parts } = planned
  const { disk, locations } = workspace
  const before = recordOf(snapshot.latest(node.name))
  for (const lockfile of lockfilesOf(node)) await context.downloads.fetch(context, lockfile)
  listener({
    type: 'running',
    artifact: node.name,
    reasons,
    ...(before ? { usualSeconds: before.seconds } : {}),
  })
  const startedAt = monotonicSeconds()
  const startedOn = new Date().toISOString()
  const work = makeWorkDirectory(disk, locations.cache, build, node.name)
  let ran: Awaited<ReturnType<typeof runTask>>
  try {
    const inputs = await layInputs(context, node, parts, work)
    if (cancel.aborted) throw new Cancelled('cancelled')
    const signal = AbortSignal.any([context.signal, cancel])
    listener({ type: 'phase', artifact: node.name, phase: 'produce' })
    const task = produceTask(node, toolsToAsk(planned))
    ran = await runTask({ ...context, signal }, task, work, inputs)
    checkOutputs(disk, node, work)
    await throwIfToolChanged(context, node)
  } catch (error) {
    if (cancel.aborted) {
      discardWork(disk, work.path)
      throw new Cancelled('cancelled')
    }
    if (error instanceof InputChanged || error instanceof DamagedObject || isLackOfSpace(error))
      discardWork(disk, work.path)
    else if (error instanceof Failure && !context.signal.aborted && isCacheFull(locations)) {
      preserveLog(disk, work)
      throw fullDuringRun(locations, error)
    } else if (!context.signal.aborted) preserveWork(disk, work)
    throw error
  }
  const seconds = monotonicSeconds() - startedAt
  listener({ type: 'phase', artifact: node.name, phase: 'store' })
  const sandboxed = (await context.confinement()) === 'sandbox'
  const record = await commitResult(context, planned, work, {
    startedAt: startedOn,
    seconds,
    sandboxed,
    toolVersions: toolVersions(planned, ran.versions),
  })
  listener({ type: 'phase', artifact: node.name, phase: 'publish' })
  await publishOutputs(context, node, record, true)
  discardWork(disk, work.path)
  if (!context.watched) await warnOfChangedInputs(context, planned)
  listener({ type: 'built', artifact: node.name, key: record.key, seconds, ...outcomeOf(before, record) })
  return seconds
}

/**
 * Throws {@link InputChanged} if a tool changed during the run. Unlike inputs, tools are not copied: the producer ran
 * them in place, so lbuild cannot know which version ran.
 */
async function throwIfToolChanged(
  { workspace, snapshot, listener }: SessionContext,
  node: ArtifactNode,
): Promise<void> {
  const current = await declaredTools(workspace, [node])
  for (const { name } of node.tools) {
    const tool = snapshot.tools.get(name)
    const now = current.get(name)
    // The digest shows a change that left the states as they were; the states show one that was undone.
    if (tool && now && tool.states === now.states && tool.digest === now.digest) continue
    const path = tool?.path ?? toRawPath(name)
    listener({
      type: 'warning',
      message: `the tool ${display(path)} changed during the run of '${node.name}', which will be retried`,
    })
    throw new InputChanged(path)
  }
}

/** Publishes the outputs of a past run instead of running the producer. */
export async function restoreArtifact(
  context: SessionContext,
  { node, decision, latest }: Planned,
): Promise<void> {
  if (decision.verdict !== 'restorable') return
  const { workspace, listener } = context
  const { record, reasons } = decision
  listener({ type: 'restoring', artifact: node.name })
  workspace.records.add(record)
  await publishOutputs(context, node, record, false)
  listener({
    type: 'restored',
    artifact: node.name,
    key: record.key,
    reasons,
    savedSeconds: record.seconds,
    ...outcomeOf(latest, record),
  })
}

/**
 * Publishes the outputs of a record unless they are in place already, and marks it as the latest record of its artifact.
 * `checked` says that its objects were just read in full. If the file at an output's path is not in the store, or changes
 * until it is replaced, it is preserved as `NAME.preserved-N`.
 */
async function publishOutputs(
  { workspace, snapshot, listener }: SessionContext,
  node: ArtifactNode,
  record: RunRecord,
  checked: boolean,
): Promise<void> {
  const { disk, objects, records, index, locations } = workspace
  const root = toRawPath(locations.output)
  const shown = (path: string): string => shownOutput(locations, path)
  for (const output of Object.values(record.outputs)) {
    if (!output.published) continue
    const path = toRawPath(output.path)
    const place = `${root}/${path}`
    const stat = disk.lstat(place)
    const content = stat?.type === 'file' ? await index.file(place, stat) : undefined
    if (content === output.sha256) continue
    const isStored = stat && content !== undefined && objects.has({ sha256: content, size: stat.size })
    const replaced = isStored ? stat : undefined
    const { preservedAs, writtenAt } = publish(disk, objects, output, root, path, { replaced, checked })
    index.remember(place, disk.lstat(place), output.sha256, writtenAt)
    if (preservedAs !== undefined)
      listener({
        type: 'preserved',
        path: shown(output.path),
        as: shown(display(preservedAs.slice(root.length + 1))),
      })
  }
  records.setLatest(node.name, record.key)
  await snapshot.refresh(node)
}

/**
 * Warns about inputs that were edited during the run: the producer worked on copies, so the record is correct, but the
 * output does not include the edit.
 */
async function warnOfChangedInputs(
  { workspace, listener }: SessionContext,
  { node, parts }: Planned,
): Promise<void> {
  const formerOf = partIndex(parts)
  try {
    for (const part of await sourceParts(workspace, node))
      if (!isSamePart(formerOf(part), part))
        listener({
          type: 'warning',
          message: `${subjectOf(part)} changed during the run of '${node.name}', which used the previous version`,
          hint: 'rebuild to include the edit',
        })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    listener({ type: 'warning', message: `during the run of '${node.name}': ${error.headline}` })
  }
}

/** The outputs of a record, each with whether it differs from the previous record's. */
function outcomeOf(
  before: RunRecord | undefined,
  { outputs }: RunRecord,
): { readonly changed: boolean; readonly outputs: readonly BuiltOutput[] } {
  const built = Object.entries(outputs).map(([name, output]): BuiltOutput => ({
    name,
    ...outputReport(output),
    changed: before?.outputs[name]?.sha256 !== output.sha256,
  }))
  return { changed: built.some(({ changed }) => changed), outputs: built }
}

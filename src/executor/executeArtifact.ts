import { shownOutput } from '../config/locations.ts'
import type { BuiltOutput } from '../events/events.ts'
import { statesOnce, toolStates } from '../fingerprint/tools.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { lockfilesOf } from '../graph/graph.ts'
import { isSamePart, partIndex, subjectOf } from '../planner/part.ts'
import type { BuildRecord, Planned, Reason } from '../planner/types.ts'
import { recordOf } from '../planner/types.ts'
import { display, toBytes } from '../platform/bytes.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { checkOutputs } from '../sandbox/result.ts'
import { makeWorkDirectory, preserveWork, removeIfPossible, removeWork } from '../sandbox/workDirectory.ts'
import { DamagedObject } from '../store/objects.ts'
import { publish } from '../store/publish.ts'
import { sourceParts } from '../workspace/snapshot.ts'
import { commitResult, toolVersions, unaskedTools } from './commitResult.ts'
import type { RunContext } from './context.ts'
import { Cancelled } from './context.ts'
import { layInputs } from './inputs.ts'
import { InputChanged } from './materialize.ts'
import { produceTask, runTask } from './producer.ts'
import { outputReport } from './report.ts'

/**
 * Runs the producer of a stale artifact and keeps what it made: objects first, then the record, then what is
 * published. A crash in between leaves the old state or the new one. Gives the seconds that it took. Throws
 * {@link InputChanged} or DamagedObject when something that the plan rests on is no longer so, and {@link Cancelled} when
 * `cancel` ended the run: nothing is kept then.
 */
export async function executeArtifact(
  context: RunContext,
  planned: Planned,
  reasons: readonly Reason[],
  cancel: AbortSignal,
): Promise<number> {
  const { workspace, snapshot, listener, build } = context
  const { node, parts } = planned
  const { disk, locations } = workspace
  const before = recordOf(snapshot.latest(node.name))
  for (const lock of lockfilesOf(node)) await context.downloads.fetch(context, lock)
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
    const task = produceTask(node, unaskedTools(planned))
    ran = await runTask({ ...context, signal }, task, work, inputs)
    checkOutputs(disk, node, work)
    throwIfToolMoved(context, node)
  } catch (error) {
    if (cancel.aborted) {
      removeIfPossible(disk, work.path)
      throw new Cancelled('cancelled')
    }
    if (error instanceof InputChanged || error instanceof DamagedObject) removeWork(disk, work.path)
    else if (!context.signal.aborted) preserveWork(disk, work)
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
  await putInPlace(context, node, record, true)
  removeWork(disk, work.path)
  if (!context.watched) await warnOfMovedInputs(context, planned)
  listener({ type: 'built', artifact: node.name, key: record.key, seconds, ...outcomeOf(before, record) })
  return seconds
}

/**
 * Tools are not copied, as inputs are: the producer ran those that were there. If one is no longer what the key says,
 * nobody knows which of the two ran.
 */
function throwIfToolMoved({ workspace, snapshot, listener }: RunContext, node: ArtifactNode): void {
  for (const { name } of node.tools) {
    const { path, files, states } = snapshot.tools.get(name)!
    if (toolStates(files, statesOnce(workspace.disk)) === states) continue
    listener({
      type: 'warning',
      message: `the tool ${display(path)} changed during the run of '${node.name}', which will be retried`,
    })
    throw new InputChanged(path)
  }
}

/** Puts the outputs of a past run back where they belong. */
export async function restoreArtifact(
  context: RunContext,
  { node, decision, latest }: Planned,
): Promise<void> {
  if (decision.verdict !== 'restorable') return
  const { workspace, listener } = context
  const { record, reasons } = decision
  listener({ type: 'restoring', artifact: node.name })
  workspace.records.add(record)
  await putInPlace(context, node, record, false)
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
 * Publishes the outputs of a record where other bytes stand, and notes that it is the one published last. `checked` says
 * that its objects were read in full just now.
 */
async function putInPlace(
  { workspace, snapshot, listener }: RunContext,
  node: ArtifactNode,
  record: BuildRecord,
  checked: boolean,
): Promise<void> {
  const { disk, objects, records, index, locations } = workspace
  const root = toBytes(locations.output)
  const shown = (path: string): string => shownOutput(locations, path)
  // Time has passed since the snapshot: what was written to an output meanwhile must not be lost.
  await snapshot.refresh(node)
  for (const output of Object.values(record.outputs)) {
    if (!output.published) continue
    const found = snapshot.output(output.path)
    if (found.state === 'file' && found.sha256 === output.sha256) continue
    const keep = found.state === 'other' || (found.state === 'file' && !objects.has(found))
    const path = toBytes(output.path)
    const { aside, writtenAt } = publish(disk, objects, output, root, path, { keep, checked })
    index.remember(`${root}/${path}`, disk.lstat(`${root}/${path}`), output.sha256, writtenAt)
    if (aside !== undefined)
      listener({
        type: 'preserved',
        path: shown(output.path),
        as: shown(display(aside.slice(root.length + 1))),
      })
  }
  records.setLatest(node.name, record.key)
  await snapshot.refresh(node)
}

/**
 * The producer worked on a copy of what the key says, so the record is right; but who edited meanwhile should know
 * that the output does not show it yet.
 */
async function warnOfMovedInputs(
  { workspace, listener }: RunContext,
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

/** What a record put in place, and what of it is not as it was before. */
function outcomeOf(
  before: BuildRecord | undefined,
  { outputs }: BuildRecord,
): { readonly changed: boolean; readonly outputs: readonly BuiltOutput[] } {
  const built = Object.entries(outputs).map(([name, output]): BuiltOutput => ({
    name,
    ...outputReport(output),
    changed: before?.outputs[name]?.sha256 !== output.sha256,
  }))
  return { changed: built.some(({ changed }) => changed), outputs: built }
}

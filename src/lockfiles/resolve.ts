import { monotonicSeconds } from '../platform/clock.ts'
import { toBytes } from '../platform/bytes.ts'
import { parent } from '../platform/disk.ts'
import { checkLocked, writeLockfile } from './lockfile.ts'
import { InputChanged } from '../executor/materialize.ts'
import type { RunContext } from '../executor/context.ts'
import { layInputs } from '../executor/inputs.ts'
import { resolveTask, runTask } from '../executor/producer.ts'
import type { LockfileSnapshot } from '../workspace/snapshot.ts'
import { sourceParts } from '../workspace/snapshot.ts'
import { preserveWork, makeWorkDirectory, removeWork } from '../executor/workDirectory.ts'

/**
 * Resolves the lockfiles named in `update`, or if none is named those that are missing or outdated, all at once, and
 * writes each beside its list.
 * A lock that is only outdated keeps the versions that it has. Gives whether any was written.
 */
export async function resolveLockfiles(context: RunContext, update: readonly string[]): Promise<boolean> {
  const wanted = context.snapshot.lockfiles.filter(
    ({ node, state }) => update.includes(node.name) || (update.length === 0 && state.state !== 'ready'),
  )
  await Promise.all(wanted.map((lock) => resolveLock(context, lock, update.includes(lock.node.name))))
  return wanted.length > 0
}

async function resolveLock(
  context: RunContext,
  { node, state, content, request }: LockfileSnapshot,
  anew: boolean,
): Promise<void> {
  const { workspace, listener, build } = context
  const { disk, locations } = workspace
  const startedAt = monotonicSeconds()
  const reason = anew ? 'update' : state.state === 'ready' ? 'outdated' : state.state
  listener({ type: 'resolving', lockfile: node.name, path: node.path, reason })
  const work = makeWorkDirectory(disk, locations.cache, build, `${node.name}.lock`)
  try {
    const inputs = await layInputs(context, node, await sourceParts(workspace, node), work)
    const task = resolveTask(node, anew ? [] : (content?.files ?? []))
    const resolved = await runTask(context, task, work, inputs)
    const files = checkLocked(node.name, resolved.files ?? [])
    disk.mkdir(parent(toBytes(`${locations.root}/${node.path}`)))
    writeLockfile(disk, toBytes(`${locations.root}/${node.path}`), { request, files })
    removeWork(disk, work.path)
    const seconds = monotonicSeconds() - startedAt
    listener({ type: 'resolved', lockfile: node.name, path: node.path, files: files.length, seconds })
  } catch (error) {
    if (!(error instanceof InputChanged || context.signal.aborted)) preserveWork(disk, work)
    throw error
  }
}

import { toBytes } from '../platform/bytes.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { LOCK_HELD, lockWorkspace } from '../store/workspaceLock.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { outputTemporaries } from '../workspace/workspace.ts'
import type { Listener } from '../events/events.ts'
import { newBuildId } from '../events/logFiles.ts'
import { eventLog } from '../events/logWriter.ts'
import type { Processes } from '../sandbox/process.ts'
import { realProcesses } from '../sandbox/process.ts'
import type { RunContext } from './context.ts'
import { Interrupted } from './context.ts'
import type { Confinement } from '../sandbox/bubblewrap.ts'
import { hasLeftovers, reclaimWork } from './workDirectory.ts'

export interface LockedOptions {
  /** Wait for another build's lock. */
  readonly wait: boolean
  readonly listener: Listener
  readonly signal: AbortSignal
  /** The directory with lbuild's compiled child. */
  readonly code: string
  /** Those of this machine unless given. */
  readonly processes?: Processes
}

/**
 * Does something that writes to the workspace while holding its lock: what an earlier build left behind is reclaimed
 * first, every event but that of waiting for the lock goes to a log, and nothing that was started survives, however it
 * ends. `startedAt` is when it began, in seconds of {@link monotonicSeconds}; the log counts from then.
 */
export async function underLock<T>(
  workspace: Workspace,
  { wait, listener, signal: asked, code, processes = realProcesses }: LockedOptions,
  work: (context: Omit<RunContext, 'snapshot'>) => Promise<T>,
  startedAt: number = monotonicSeconds(),
): Promise<T> {
  const { disk, locations } = workspace
  // Whatever ends the work, nothing may begin after it.
  const over = new AbortController()
  const signal = AbortSignal.any([asked, over.signal])
  const waiting = (): void => listener({ type: 'waiting', for: 'workspace lock' })
  const lock = await processes.lock(disk, `${locations.cache}/lock`, wait, waiting, signal)
  try {
    if (signal.aborted) throw new Interrupted('interrupted')
    // A collection that came before may have taken what a config compiled to that was edited since.
    if (!disk.lstat(toBytes(workspace.bundle)))
      throw new Failure('build.config.ts changed while this waited', { hint: 'run it again', exitCode: 2 })
    reclaim(workspace)
    const { now } = workspace
    const build = newBuildId(disk, locations.cache, Number(now() / 1_000_000n))
    const log = eventLog(disk, locations.cache, build, { now, startedAt })
    const both: Listener = (event) => {
      log(event)
      listener(event)
    }
    let probed: Promise<Confinement> | undefined
    const confinement = (): Promise<Confinement> => (probed ??= probe(processes, both))
    return await work({ workspace, processes, confinement, code, build, listener: both, signal })
  } finally {
    over.abort()
    await processes.killAll()
    if (asked.aborted) reclaimWork(disk, locations.cache)
    lock.release()
  }
}

/**
 * Clears up what killed builds left behind, unless a build is running, which clears up itself, or the workspace is
 * another user's.
 */
export async function reclaimIfFree(workspace: Workspace): Promise<void> {
  const { disk, locations } = workspace
  if (!hasLeftovers(disk, locations.cache) && outputTemporaries(workspace).length === 0) return
  if (![0, disk.lstat(toBytes(locations.cache))?.uid].includes(process.geteuid?.())) return
  try {
    const lock = await lockWorkspace(disk, `${locations.cache}/lock`, false, () => {})
    reclaim(workspace)
    lock.release()
  } catch (error) {
    if (!(error instanceof Failure && error.exitCode === LOCK_HELD)) throw error
  }
}

/** Removes what killed builds left: where they worked, and what they had not yet put in its place in `output/`. */
function reclaim(workspace: Workspace): void {
  reclaimWork(workspace.disk, workspace.locations.cache)
  for (const temporary of outputTemporaries(workspace)) workspace.disk.unlink(temporary)
}

async function probe(processes: Processes, listener: Listener): Promise<Confinement> {
  const { confinement, reason } = await processes.confinement()
  if (reason !== undefined)
    listener({
      type: 'warning',
      message: `producers run unconfined: the sandbox does not work here (${reason.split('\n')[0]})`,
      hint: 'let bubblewrap make namespaces (in a container: --privileged, or --cap-add SYS_ADMIN)',
    })
  return confinement
}

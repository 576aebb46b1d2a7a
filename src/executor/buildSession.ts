// A build session: holds the workspace lock, logs events, and cleans up however it ends.
import { availableParallelism } from 'node:os'
import { changedFiles } from '../config/sourceFiles.ts'
import type { BuildEvent, Listener } from '../events/events.ts'
import { newBuildId } from '../events/logFiles.ts'
import { eventLog } from '../events/logWriter.ts'
import { explainPlan } from '../explain/explainPlan.ts'
import { dependenciesOf, lockfilesOf } from '../graph/graph.ts'
import { Downloads } from '../lockfiles/downloads.ts'
import { isFresh, plan } from '../planner/plan.ts'
import type { Plan } from '../planner/domain.ts'
import { display, toRawPath } from '../platform/rawPath.ts'
import { makeCacheDirectory } from '../platform/quarantine.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { LBUILD_VERSION } from '../platform/lbuildVersion.ts'
import type { Confinement } from '../sandbox/confinement.ts'
import type { Processes } from '../sandbox/process.ts'
import { hostProcesses } from '../sandbox/process.ts'
import { hasLeftovers, reclaimFailed, reclaimWork } from '../sandbox/workDirectory.ts'
import { LOCK_HELD, lockWorkspace } from '../store/workspaceLock.ts'
import { StoreAccess } from '../store/storeAccess.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { outputTemporaries } from '../workspace/workspace.ts'
import { collectAfterBuild } from './garbageCollection.ts'
import { isCacheFull, isLackOfSpace, nameFullDirectory } from './diskSpace.ts'
import type { SessionContext } from './sessionContext.ts'
import { Interrupted } from './sessionContext.ts'
import type { BuildOptions, SessionOptions } from './options.ts'
import { checkTools } from './preflight.ts'
import { profileWarning } from './profileWarning.ts'
import type { BuildReport } from './report.ts'
import { failureData } from '../platform/failureData.ts'
import { idleReport } from './report.ts'
import { resolveInSession } from './resolver.ts'
import { Scheduler } from './scheduler.ts'
import { registerWorkspace } from './storeUser.ts'

/**
 * Does work that writes to the workspace while holding the workspace lock. First reclaims what killed builds left
 * behind. Every event goes to the event log and the listener, except `waiting`, which precedes the log. However the work
 * ends, no process that it started survives. `startedAt` is the zero of the log's times, in seconds of {@link monotonicSeconds}. Throws a
 * Failure (exit code 75) if another build holds the lock and `wait` is false.
 */
export async function inSession<T>(
  workspace: Workspace,
  { wait, listener, signal: requested, code, processes = hostProcesses() }: SessionOptions,
  work: (context: Omit<SessionContext, 'snapshot'>) => Promise<T>,
  startedAt: number = monotonicSeconds(),
): Promise<T> {
  const { disk, locations, now } = workspace
  // Aborted as soon as the work ends, so that nothing starts afterwards.
  const over = new AbortController()
  const signal = AbortSignal.any([requested, over.signal])
  const waiting = (): void => listener({ type: 'waiting', for: 'workspace lock' })
  const lock = await processes.lock(disk, `${locations.cache}/lock`, wait, waiting, signal)
  let store: StoreAccess | undefined
  let hasFailedForSpace = false
  try {
    const access = { mode: 'shared', wait, waiting, signal } as const
    store = await StoreAccess.open(processes.lock, disk, locations.sharedStore, access)
    if (signal.aborted) throw new Interrupted('interrupted')
    // While this build waited, another one may have compiled an edited config and collected the old bundle.
    if (!disk.lstat(toRawPath(workspace.bundle)))
      throw new Failure('build.config.ts changed while lbuild waited for another build', {
        hint: 'run the same command again',
        exitCode: 2,
      })
    reclaim(workspace)
    for (const name of ['log', 'work']) {
      const directory = toRawPath(`${locations.cache}/${name}`)
      makeCacheDirectory(disk, directory, directory, workspace.unreportedDamage)
    }
    registerWorkspace(workspace)
    const build = newBuildId(disk, locations.cache, Number(now() / 1_000_000n))
    const log = await eventLog(disk, locations.cache, build, { now, startedAt })
    const both: Listener = (event) => {
      log(event)
      listener(event)
    }
    let probed: Promise<Confinement> | undefined
    const confinement = (): Promise<Confinement> => (probed ??= probe(processes, both))
    const downloads = new Downloads()
    const session = {
      workspace,
      processes,
      store,
      confinement,
      downloads,
      code,
      build,
      listener: both,
      signal,
    }
    const result = await work(session)
    // The session may have resolved lockfiles.
    registerWorkspace(workspace)
    return result
  } catch (error) {
    nameFullDirectory(error, locations)
    hasFailedForSpace = isLackOfSpace(error)
    throw error
  } finally {
    over.abort()
    await processes.killAll()
    processes.close()
    if (requested.aborted || hasFailedForSpace) reclaimWork(disk, locations.cache)
    store?.release()
    lock.release()
  }
}

/**
 * Removes what killed builds left behind. Does nothing if another build holds the lock (that build has already removed
 * the leftovers), or if the cache belongs to another user and lbuild does not run as root.
 */
export async function reclaimIfFree(workspace: Workspace): Promise<void> {
  const { disk, locations } = workspace
  if (!hasLeftovers(disk, locations.cache) && outputTemporaries(workspace).length === 0) return
  if (![0, disk.lstat(toRawPath(locations.cache))?.uid].includes(process.geteuid?.())) return
  try {
    const lock = await lockWorkspace(disk, `${locations.cache}/lock`, false, () => {})
    reclaim(workspace)
    lock.release()
  } catch (error) {
    if (!(error instanceof Failure && error.exitCode === LOCK_HELD)) throw error
  }
}

/**
 * Removes the work directories and the unpublished temporaries in `output/` of killed builds, and on a full disk the
 * work directories of failed runs.
 */
function reclaim(workspace: Workspace): void {
  const { disk, locations } = workspace
  reclaimWork(disk, locations.cache)
  if (isCacheFull(locations)) reclaimFailed(disk, locations.cache)
  for (const temporary of outputTemporaries(workspace)) workspace.disk.unlink(temporary)
}

async function probe(processes: Processes, listener: Listener): Promise<Confinement> {
  const { confinement, reason } = await processes.confinement()
  if (reason !== undefined)
    listener({
      type: 'warning',
      message: `producers run unconfined: the sandbox does not work here (${reason.split('\n')[0]})`,
      hint: 'let bubblewrap create namespaces (in a container: --privileged, or --cap-add SYS_ADMIN)',
    })
  return confinement
}

/**
 * Builds in a session. Emits `started` and `explained`, and `ended` even if the build fails. If another build finished
 * the work while this one waited for the lock, emits none of them; it may only warn about edited code. `startedAt` is
 * in seconds of {@link monotonicSeconds}.
 */
export function runBuild(
  workspace: Workspace,
  options: BuildOptions,
  forced: ReadonlySet<string>,
  startedAt: number,
): Promise<BuildReport> {
  const { targets, invalidation } = options
  const work = async (base: Omit<SessionContext, 'snapshot'>): Promise<BuildReport> => {
    invalidation?.clear()
    // Another build may have changed the workspace before this one got the lock, so the first plan no longer counts.
    const snapshot = await takeSnapshot(workspace, targets, forced)
    const planned = plan(workspace.graph, targets, snapshot)
    if (planned.every(isFresh)) {
      if (!invalidation) await warnOfEditedCode(workspace, options.listener)
      return idleReport(planned, targets, monotonicSeconds() - startedAt)
    }
    await checkTools(snapshot, planned)
    const context: SessionContext = {
      ...base,
      snapshot,
      watched: invalidation !== undefined,
      ...(options.locked === undefined ? {} : { locked: options.locked }),
    }
    return logEnd(context, options, startedAt, () => buildAll(context, options, planned, startedAt))
  }
  return inSession(workspace, options, work, startedAt)
}

/** Reports how a build ends, also if it throws. */
async function logEnd(
  { listener }: SessionContext,
  { signal }: BuildOptions,
  startedAt: number,
  work: () => Promise<BuildReport>,
): Promise<BuildReport> {
  let report: BuildReport
  try {
    report = await work()
  } catch (error) {
    logBestEffort(listener, {
      type: 'ended',
      outcome: signal.aborted ? 'interrupted' : 'failed',
      seconds: monotonicSeconds() - startedAt,
      ...(signal.aborted ? {} : { failure: failureData(error) }),
    })
    throw error
  }
  const { seconds, savedSeconds, exitCode } = report
  listener({ type: 'ended', outcome: exitCode === 0 ? 'done' : 'failed', seconds, savedSeconds })
  return report
}

async function buildAll(
  context: SessionContext,
  options: BuildOptions,
  planned: Plan,
  startedAt: number,
): Promise<BuildReport> {
  const { workspace, snapshot, listener } = context
  const { targets } = options
  listener(startedEvent(context, options))
  listener({ type: 'explained', explanation: await explainPlan(workspace, snapshot, planned) })
  const warning = profileWarning(workspace, planned)
  if (warning) listener(warning)
  const undecided = planned.flatMap(({ node, key }) => (key === undefined ? [node.name] : []))
  let current = { snapshot, planned }
  if (await resolveInSession(context, [])) {
    const resolved = await takeSnapshot(workspace, targets, snapshot.forced)
    current = { snapshot: resolved, planned: plan(workspace.graph, targets, resolved) }
  }
  const scheduler = new Scheduler({ ...context, snapshot: current.snapshot }, options, {
    planned: current.planned,
    undecided: new Set(undecided),
  })
  const report = await scheduler.run(startedAt)
  if (report.artifacts.some(({ outcome }) => outcome === 'built'))
    await context.store.finishAlone(() => collectAfterBuild(workspace, listener))
  if (!options.invalidation) await warnOfEditedCode(workspace, listener)
  return report
}

function startedEvent(
  { build, snapshot }: SessionContext,
  { targets, command, params = {}, jobs = availableParallelism(), force, keepGoing }: BuildOptions,
): BuildEvent {
  const artifacts = snapshot.nodes.map((node) => ({
    name: node.name,
    dependencies: dependenciesOf(node),
    lockfiles: lockfilesOf(node),
  }))
  return {
    type: 'started',
    build,
    lbuild: LBUILD_VERSION,
    targets,
    ...(command === undefined ? {} : { command }),
    params,
    jobs,
    force,
    keepGoing,
    artifacts,
  }
}

/** Best effort: reports an event and ignores errors, since the cause of the failure, such as a full disk, may prevent it. */
function logBestEffort(listener: Listener, event: BuildEvent): void {
  try {
    listener(event)
  } catch {
    // The log ends before this event.
  }
}

/** Warns about code that was edited since the build began, because the build used the previous version. */
async function warnOfEditedCode(
  { disk, index, locations, configFiles }: Workspace,
  listener: Listener,
): Promise<void> {
  const root = toRawPath(`${locations.root}/`)
  for (const path of await changedFiles(disk, index, configFiles))
    listener({
      type: 'warning',
      message: `${display(path.replace(root, ''))} changed during the build, which used the previous version`,
      hint: 'rebuild to include the edit',
    })
}

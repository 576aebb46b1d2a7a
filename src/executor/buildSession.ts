import { availableParallelism } from 'node:os'
import { changedFiles } from '../config/sourceFiles.ts'
import { display, toBytes } from '../platform/bytes.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { RELEASE } from '../platform/release.ts'
import { dependenciesOf, lockfilesOf } from '../graph/graph.ts'
import type { BuildEvent, Listener } from '../events/events.ts'
import { explainPlan } from '../explain/explainPlan.ts'
import { isFresh, plan } from '../planner/plan.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { collectAfterBuild } from './collect.ts'
import type { RunContext } from './context.ts'
import { underLock } from './session.ts'
import type { BuildOptions } from './options.ts'
import { checkTools } from './preflight.ts'
import type { BuildReport } from './report.ts'
import { failureData, idleReport } from './report.ts'
import { resolveLockfiles } from '../lockfiles/resolve.ts'
import { Scheduler } from './scheduler.ts'
import type { Plan } from '../planner/types.ts'

/**
 * Builds under the workspace's lock, and tells how it began, why, and how it ended, in whatever way. Where another build
 * has meanwhile done all there was to do, nothing is told but that code was edited while this one waited.
 */
export function runBuild(
  workspace: Workspace,
  options: BuildOptions,
  forced: ReadonlySet<string>,
  startedAt: number,
): Promise<BuildReport> {
  const { targets, signal } = options
  const passed = (): number => monotonicSeconds() - startedAt
  return underLock(
    workspace,
    options,
    async (base) => {
      options.invalidation?.take()
      const snapshot = await takeSnapshot(workspace, targets, forced)
      const first = plan(workspace.graph, targets, snapshot)
      if (first.every(isFresh)) {
        if (!options.invalidation) await warnOfEditedCode(workspace, options.listener)
        return idleReport(first, targets, passed())
      }
      await checkTools(workspace, targets, snapshot)
      const context: RunContext = { ...base, snapshot, watched: options.invalidation !== undefined }
      let report: BuildReport
      try {
        context.listener(startedEvent(context, options))
        context.listener({ type: 'explained', explanation: await explainPlan(workspace, snapshot, first) })
        report = await buildAll(context, options, first, startedAt)
      } catch (error) {
        tellBreak(context.listener, {
          type: 'ended',
          outcome: signal.aborted ? 'interrupted' : 'failed',
          seconds: passed(),
          ...(signal.aborted ? {} : { failure: failureData(error) }),
        })
        throw error
      }
      const { seconds, savedSeconds, exitCode } = report
      const outcome = exitCode === 0 ? 'done' : 'failed'
      context.listener({ type: 'ended', outcome, seconds, savedSeconds })
      return report
    },
    startedAt,
  )
}

function startedEvent(
  { build, snapshot }: RunContext,
  { targets, params = {}, jobs = availableParallelism(), force, keepGoing }: BuildOptions,
): BuildEvent {
  const artifacts = snapshot.nodes.map((node) => ({
    name: node.name,
    dependencies: dependenciesOf(node),
    lockfiles: lockfilesOf(node),
  }))
  return { type: 'started', build, lbuild: RELEASE, targets, params, jobs, force, keepGoing, artifacts }
}

async function buildAll(
  context: RunContext,
  options: BuildOptions,
  first: Plan,
  startedAt: number,
): Promise<BuildReport> {
  const { workspace, listener } = context
  const resolved = await resolveLockfiles(context, [])
  const snapshot = resolved
    ? await takeSnapshot(workspace, options.targets, context.snapshot.forced)
    : context.snapshot
  const report = await new Scheduler({ ...context, snapshot }, options, first).run(startedAt)
  if (report.artifacts.some(({ outcome }) => outcome === 'built')) collectAfterBuild(workspace, listener)
  if (!options.invalidation) await warnOfEditedCode(workspace, listener)
  return report
}

/** Tells that a build broke, as far as that can be told: what broke it, such as a full disk, is what is to be seen. */
function tellBreak(listener: Listener, event: BuildEvent): void {
  try {
    listener(event)
  } catch {
    // The log then ends where it does.
  }
}

/** The producers' code is of when the build began; who edited it meanwhile should know. */
async function warnOfEditedCode(
  { disk, index, locations, files }: Workspace,
  listener: Listener,
): Promise<void> {
  const root = toBytes(`${locations.root}/`)
  for (const path of await changedFiles(disk, index, files))
    listener({
      type: 'warning',
      message: `${display(path.replace(root, ''))} changed while the build ran, which used what it was before`,
      hint: 'build again to have it in',
    })
}

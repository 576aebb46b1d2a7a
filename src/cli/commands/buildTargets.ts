// The action of `lbuild [build] TARGET…`: plans or builds, and shows the result.
import type { Locations } from '../../config/locations.ts'
import { shownOutput } from '../../config/locations.ts'
import type { Listener } from '../../events/events.ts'
import { build } from '../../executor/build.ts'
import { checkTargets } from '../../executor/checkTargets.ts'
import type { BuildReport } from '../../executor/report.ts'
import { COMMANDS } from '../../graph/names.ts'
import { Failure } from '../../platform/failure.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { Invocation } from '../invocation.ts'
import { typedArguments } from '../invocation.ts'
import { paint, usesColor } from '../render/color.ts'
import { counted, duration } from '../../platform/units.ts'
import { print, printDocument } from '../render/print.ts'
import { withProgress } from '../render/progress.ts'
import { lockedBy } from '../lockedOption.ts'
import { openSelection } from '../selection.ts'
import type { BuildOptions } from './build.ts'

/** The options of a call that only names targets. */
export const DEFAULT_BUILD: BuildOptions = { wait: true }

/** Builds targets and returns the exit code. */
export async function buildTargets(
  invocation: Invocation,
  words: readonly string[],
  options: BuildOptions,
  signal: AbortSignal,
): Promise<number> {
  const { workspace, targets, params } = await openSelection(invocation, words, options)
  checkTargets(workspace.graph, targets, COMMANDS)
  if (options.installTools) await (await import('../hostTools.ts')).installMissing(workspace.graph)
  if (options.dryRun || options.check)
    return (await import('../render/plan.ts')).showPlan(workspace, targets, options)
  const { force = false, keepGoing = false, wait, jobs, quiet, verbose, json, trace: file } = options
  const trace = file === undefined ? undefined : await traceTo(workspace, file)
  let report: BuildReport
  try {
    report = await withProgress({ quiet, verbose, signal }, (listener) =>
      build(workspace, {
        targets,
        command: typedArguments(invocation),
        params,
        force,
        keepGoing,
        ...lockedBy(options.locked),
        wait,
        ...(jobs === undefined ? {} : { jobs }),
        listener: (event) => {
          listener(event)
          trace?.listener(event)
        },
        signal,
        code: invocation.code,
      }),
    )
  } catch (error) {
    try {
      await trace?.write()
    } catch {
      // The first error is reported, not this one.
    }
    throw error
  }
  if (isNoop(report)) invocation.onNothingToDo?.()
  // A failure to write the trace is reported instead of the build: with --json as the only document.
  if (json) await trace?.write()
  if (json) printDocument(report)
  showFailures(report)
  if (!json && !quiet) showSummary(report, workspace.locations)
  if (!json) await trace?.write()
  return report.exitCode
}

/** Notes the id of the build. Its event log is the source of the trace, even if the build fails or is interrupted. */
async function traceTo(
  { disk, locations }: Workspace,
  file: string,
): Promise<{ readonly listener: Listener; write(): Promise<void> }> {
  const { checkTraceFile, writeTrace } = await import('../trace/traceFile.ts')
  const { readBuild } = await import('../../events/buildHistory.ts')
  checkTraceFile(disk, file)
  let id: string | undefined
  return {
    listener: (event) => {
      if (event.type === 'started') id = event.build
    },
    write: async () =>
      writeTrace(disk, file, id === undefined ? undefined : await readBuild(disk, locations.cache, id)),
  }
}

function showFailures({ artifacts }: BuildReport): void {
  for (const { name, failure } of artifacts) {
    if (!failure) continue
    const shown = new Failure(`${name}: ${failure.headline}`, failure)
    process.stderr.write(`${renderFailure(shown, usesColor(process.stderr))}\n`)
  }
}

const isNoop = ({ artifacts }: BuildReport): boolean => artifacts.every(({ outcome }) => outcome === 'fresh')

function showSummary(report: BuildReport, locations: Locations): void {
  const { artifacts, targets, exitCode, seconds, savedSeconds } = report
  const saved = exitCode === 0 && savedSeconds >= 0.05 ? `, saved ${duration(savedSeconds)}` : ''
  const time = `${duration(seconds)}${saved}`
  if (isNoop(report)) {
    const verb = targets.length === 1 ? 'is' : 'are'
    const checked = `${counted(artifacts.length, 'artifact')} checked in ${time}`
    print(`${targets.join(', ')} ${verb} fresh: nothing to do (${checked})\n`)
    return
  }
  const words = (['built', 'restored', 'fresh', 'failed', 'skipped'] as const)
    .map((wanted) => [artifacts.filter(({ outcome }) => outcome === wanted).length, wanted] as const)
    .flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : []))
  const head =
    exitCode === 0 ? paint(process.stdout, 'green', 'done:') : paint(process.stdout, 'red', 'failed:')
  print(`${head} ${words.join(', ')} in ${time}\n`)
  const stoppedAfter = artifacts.find(({ dependsOnFailed }) => dependsOnFailed === false)?.failedArtifact
  if (stoppedAfter !== undefined)
    print(`hint: add --keep-going to build what does not depend on ${stoppedAfter}\n`)
  for (const { name, outcome, outputs } of artifacts)
    if (targets.includes(name) && outcome !== 'failed' && outcome !== 'skipped')
      for (const { path, published } of outputs) if (published) print(`  ${shownOutput(locations, path)}\n`)
}

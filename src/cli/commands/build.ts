import { print } from '../render/print.ts'
import type { Listener } from '../../events/events.ts'
import type { Progress } from '../render/progress.ts'
import { progressOn } from '../render/progress.ts'
import { Interruption } from '../render/interruption.ts'
import { paint, counted, duration, usesColor } from '../render/format.ts'
import { Failure } from '../../platform/failure.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import { COMMANDS } from '../../graph/names.ts'
import { build } from '../../executor/build.ts'
import { checkTargets } from '../../executor/targets.ts'
import type { BuildReport } from '../../executor/report.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { openSession } from '../session.ts'
import type { Locations } from '../../config/locations.ts'
import { shownOutput } from '../../config/locations.ts'
import type { Workspace } from '../../workspace/workspace.ts'

export interface BuildCommandOptions extends WorkspaceOptions {
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly check?: boolean
  readonly jobs?: number
  readonly keepGoing?: boolean
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly wait: boolean
  readonly installTools?: boolean
  /** The file for a trace. */
  readonly trace?: string
}

/** `lbuild [build] TARGET…`: gives the exit code. */
export async function buildCommand(
  invocation: Invocation,
  words: readonly string[],
  options: BuildCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const { workspace, targets, params } = await openSession(invocation, words, options)
  checkTargets(workspace.graph, targets, COMMANDS)
  if (options.installTools) await (await import('./doctor.ts')).installMissing(workspace.graph)
  if (options.dryRun || options.check)
    return (await import('./status.ts')).showPlan(workspace, targets, options)
  const verbosity = options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal'
  const trace = options.trace === undefined ? undefined : await traceTo(workspace, options.trace)
  let progress: Progress | undefined
  const interruption = new Interruption()
  const listener: Listener = (event) => {
    progress ??= progressOn(process.stderr, verbosity)
    progress.listener(event)
    interruption.listener(event)
    trace?.listener(event)
  }
  let report: BuildReport
  try {
    report = await build(workspace, {
      targets,
      params,
      force: options.force ?? false,
      ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
      keepGoing: options.keepGoing ?? false,
      wait: options.wait,
      listener,
      signal,
      code: invocation.code,
    })
  } catch (error) {
    if (signal.aborted && !options.quiet)
      (progress ??= progressOn(process.stderr, verbosity)).say(interruption.words())
    try {
      trace?.write()
    } catch {
      // The first error is the one to tell.
    }
    throw error
  } finally {
    progress?.close()
  }
  if (options.json) print(`${JSON.stringify({ schemaVersion: 1, ...report }, undefined, 2)}\n`)
  showFailures(report)
  if (!options.json && !options.quiet) showSummary(report, workspace.locations)
  trace?.write()
  return report.exitCode
}

/** Listens for the name of the build, whose log is the trace's source, also where the build fails or is interrupted. */
async function traceTo(
  { disk, locations }: Workspace,
  file: string,
): Promise<{ readonly listener: Listener; write(): void }> {
  const { checkTraceFile, writeTrace } = await import('../trace/traceFile.ts')
  const { readBuild } = await import('../../events/buildHistory.ts')
  checkTraceFile(disk, file)
  let id: string | undefined
  return {
    listener: (event) => {
      if (event.type === 'started') id = event.build
    },
    write: () => writeTrace(disk, file, id === undefined ? undefined : readBuild(disk, locations.cache, id)),
  }
}

function showFailures(report: BuildReport): void {
  const failed = report.artifacts.filter(({ outcome }) => outcome === 'failed')
  if (failed.length === 0) return
  for (const { name, failure } of failed) {
    const { headline, ...rest } = failure!
    const shown = new Failure(`${name}: ${headline}`, rest)
    process.stderr.write(`${renderFailure(shown, usesColor(process.stderr))}\n`)
  }
}

function showSummary(report: BuildReport, locations: Locations): void {
  const count = (outcome: string): number => report.artifacts.filter((one) => one.outcome === outcome).length
  const [built, restored, fresh, failed, skipped] = ['built', 'restored', 'fresh', 'failed', 'skipped'].map(
    count,
  )
  const saved =
    report.exitCode === 0 && report.savedSeconds >= 0.05 ? `, saved ${duration(report.savedSeconds)}` : ''
  const time = `${duration(report.seconds)}${saved}`
  if (fresh === report.artifacts.length) {
    const names = report.targets.join(', ')
    const verb = report.targets.length === 1 ? 'is' : 'are'
    print(`${names} ${verb} up to date: nothing to do (${counted(fresh, 'artifact')} checked in ${time})\n`)
    return
  }
  const parts = [
    [built, 'built'],
    [restored, 'restored'],
    [fresh, 'fresh'],
    [failed, 'failed'],
    [skipped, 'skipped'],
  ] as const
  const words = parts.flatMap(([number, word]) => (number ? [`${number} ${word}`] : [])).join(', ')
  const head =
    report.exitCode === 0 ? paint(process.stdout, 'green', 'done:') : paint(process.stdout, 'red', 'failed:')
  print(`${head} ${words} in ${time}\n`)
  for (const { name, outcome, outputs } of report.artifacts)
    if (report.targets.includes(name) && outcome !== 'failed' && outcome !== 'skipped')
      for (const { path, published } of outputs) if (published) print(`  ${shownOutput(locations, path)}\n`)
}

import { print } from '../print.ts'
import type { Listener } from '../../run/events.ts'
import type { Progress } from '../progress.ts'
import { progressOn } from '../progress.ts'
import { paint, counted, duration, usesColor } from '../style.ts'
import { Failure, renderFailure } from '../../host/failure.ts'
import { build } from '../../run/build.ts'
import type { BuildReport } from '../../run/report.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { openSession } from '../session.ts'

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
}

/** `lbuild [build] TARGET…`: gives the exit code. */
export async function buildCommand(
  invocation: Invocation,
  words: readonly string[],
  options: BuildCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const { workspace, targets } = await openSession(invocation, words, options)
  if (options.installTools) await (await import('./doctor.ts')).installMissing(workspace.graph)
  if (options.dryRun || options.check)
    return (await import('./status.ts')).showPlan(workspace, targets, options)
  const verbosity = options.quiet ? 'quiet' : options.verbose ? 'verbose' : 'normal'
  let progress: Progress | undefined
  const listener: Listener = (event) => (progress ??= progressOn(process.stderr, verbosity)).listener(event)
  try {
    const report = await build(workspace, {
      targets,
      force: options.force ?? false,
      ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
      keepGoing: options.keepGoing ?? false,
      wait: options.wait,
      listener,
      signal,
      code: invocation.code,
    })
    progress?.close()
    if (options.json) print(`${JSON.stringify({ schemaVersion: 1, ...report }, undefined, 2)}\n`)
    showFailures(report)
    if (!options.json && !options.quiet) showSummary(report)
    return report.exitCode
  } finally {
    progress?.close()
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

function showSummary(report: BuildReport): void {
  const count = (outcome: string): number => report.artifacts.filter((one) => one.outcome === outcome).length
  const [built, restored, fresh, failed, skipped] = ['built', 'restored', 'fresh', 'failed', 'skipped'].map(
    count,
  )
  const saved = report.savedSeconds >= 0.05 ? `, saved ${duration(report.savedSeconds)}` : ''
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
      for (const { path, published } of outputs) if (published) print(`  output/${path}\n`)
}

// `lbuild history [TARGET…]`: shows past builds from the event log alone; opens neither the config nor an input.
import { noConfig } from '../../config/load.ts'
import { listBuilds } from '../../events/buildHistory.ts'
import { criticalPathOf } from '../../events/criticalPath.ts'
import type { LoggedArtifact, LoggedBuild, LoggedOutcome } from '../../events/loggedBuild.ts'
import { suggestion } from '../../graph/names.ts'
import { toRawPath } from '../../platform/rawPath.ts'
import { realDisk } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import { locationsFor } from '../../workspace/workspace.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { wholeNumber, workspaceCommand } from '../command.ts'
import { pastBuild } from '../pastBuild.ts'
import { paint } from '../render/color.ts'
import { detailLines, summaryLines } from '../render/historyView.ts'
import { print, printDocument } from '../render/print.ts'
import { directoriesOf } from '../selection.ts'

const declare = () =>
  workspaceCommand('history')
    .description('Show past builds, newest first')
    .argument('[targets...]', 'show only builds that requested or rebuilt one of these artifacts')
    .option('-n, --number <n>', 'show at most this many builds', wholeNumber, 10)
    .option('--all', 'show all builds')
    .option(
      '--build <id>',
      "show one build: 'last'; an id, such as 20261128-163724-629-cc7fa3, or its beginning; or the beginning of its last part, such as cc7",
    )
    .option(
      '--trace <file>',
      'with --build: write the timeline and the critical path of the build to a file for Perfetto (Trace Event Format)',
    )
    .option('--json', 'print one JSON document (docs/history.md)')

type HistoryOptions = OptionsOf<typeof declare>

export const command = ({ invocation: { home }, exit }: CommandContext) =>
  declare().action(async (targets, options) => {
    await history(home, targets, options)
    exit(0)
  })

async function history(home: string, targets: readonly string[], options: HistoryOptions): Promise<void> {
  const { root, cache } = locationsFor(realDisk, { home, ...directoriesOf(options) })
  const exists = (path: string): boolean => realDisk.lstat(toRawPath(path)) !== undefined
  if (!exists(`${root}/build.config.ts`) && !exists(`${cache}/log`))
    throw noConfig(root, ', and no log of builds')
  if (options.build !== undefined) return showBuild(cache, targets, options.build, options)
  if (options.trace !== undefined)
    throw new Failure('--trace needs --build', {
      hint: 'name the build: --build last, or the beginning of its id',
      exitCode: 2,
    })
  return showList(cache, targets, options)
}

async function showList(
  cache: string,
  targets: readonly string[],
  { number, all, json }: HistoryOptions,
): Promise<void> {
  const most = all ? Number.POSITIVE_INFINITY : number
  const builds: LoggedBuild[] = []
  let more = false
  for await (const build of listBuilds(realDisk, cache)) {
    if (!involves(build, targets)) continue
    more = builds.length >= most
    if (more) break
    builds.push(build)
  }
  if (builds.length === 0) await checkNames(cache, targets)
  if (json) return printDocument({ builds: builds.map(summaryDocument) })
  if (builds.length === 0)
    print(targets.length > 0 ? 'no build in the log involved these targets\n' : 'no build is in the log\n')
  for (const build of builds) print(`${summaryLines(build, Date.now()).join('\n')}\n`)
  if (more) print(`${paint(process.stdout, 'dim', '… and older ones: -n N, or --all')}\n`)
}

/** Returns true if the build named one of the targets, or built, restored, skipped or failed it. */
const involves = ({ targets: requested, artifacts }: LoggedBuild, targets: readonly string[]): boolean =>
  targets.length === 0 ||
  targets.some(
    (target) =>
      requested.includes(target) ||
      artifacts.some(({ name, outcome }) => name === target && !['fresh', 'unreached'].includes(outcome)),
  )

/** Throws a Failure (exit code 2) if no log mentions one of the targets. */
async function checkNames(cache: string, targets: readonly string[]): Promise<void> {
  const names = new Set<string>()
  for await (const { artifacts } of listBuilds(realDisk, cache))
    for (const { name } of artifacts) names.add(name)
  const unknown = targets.find((target) => !names.has(target))
  if (unknown === undefined || names.size === 0) return
  throw new Failure(`no build in the log involved '${unknown}'`, {
    hint: suggestion(unknown, [...names].sort()),
    exitCode: 2,
  })
}

async function showBuild(
  cache: string,
  targets: readonly string[],
  id: string,
  { trace, json }: HistoryOptions,
): Promise<void> {
  if (targets.length > 0)
    throw new Failure('--build cannot be combined with targets', {
      hint: `run lbuild history --build ${id}`,
      exitCode: 2,
    })
  const build = await pastBuild(cache, id)
  if (trace !== undefined) {
    const { checkTraceFile, writeTrace } = await import('../trace/traceFile.ts')
    checkTraceFile(realDisk, trace)
    writeTrace(realDisk, trace, build)
  }
  if (json) printDocument({ build: buildDocument(build) })
  else print(`${detailLines(build, Date.now()).join('\n')}\n`)
}

/** A build in the JSON of a list; docs/history.md defines the fields. */
function summaryDocument(build: LoggedBuild): object {
  const {
    id,
    startedAt,
    lbuild,
    targets,
    command,
    params,
    jobs,
    force,
    keepGoing,
    end,
    seconds,
    savedSeconds,
  } = build
  const named = (wanted: LoggedOutcome): readonly string[] =>
    build.artifacts.filter(({ outcome }) => outcome === wanted).map(({ name }) => name)
  return {
    id,
    startedAt: startedAt === undefined ? null : new Date(startedAt).toISOString(),
    lbuild: lbuild ?? null,
    targets,
    command: command ?? null,
    params,
    jobs: jobs ?? null,
    force,
    keepGoing,
    end,
    seconds,
    savedSeconds: savedSeconds ?? null,
    incomplete: build.incomplete,
    built: named('built'),
    restored: named('restored'),
    fresh: named('fresh'),
    failed: named('failed'),
    skipped: named('skipped'),
    unfinished: named('unfinished'),
    unreached: named('unreached'),
  }
}

const buildDocument = (build: LoggedBuild): object => ({
  ...summaryDocument(build),
  artifacts: build.artifacts.map(artifactDocument),
  lockfiles: build.lockfiles,
  explanation: build.explanation ?? null,
  criticalPath: criticalPathOf(build).map(({ kind, name, seconds }) => ({ kind, name, seconds })),
  failure: build.failure ?? null,
  warnings: build.warnings,
  preserved: build.preserved,
})

const artifactDocument = ({ key, ...artifact }: LoggedArtifact): object => ({ key: key ?? null, ...artifact })

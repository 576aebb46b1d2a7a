import { toBytes } from '../../platform/bytes.ts'
import type { Disk } from '../../platform/disk.ts'
import { realDisk } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import { noConfig } from '../../config/load.ts'
import { suggestion } from '../../graph/names.ts'
import { listBuilds, readBuild } from '../../events/buildHistory.ts'
import { criticalPathOf } from '../../events/criticalPath.ts'
import type { LoggedArtifact, LoggedBuild, LoggedOutcome } from '../../events/loggedBuild.ts'
import { locationsFor } from '../../workspace/workspace.ts'
import { detailLines, summaryLines } from '../render/historyView.ts'
import { print } from '../render/print.ts'
import type { Invocation } from '../session.ts'
import { startOf } from '../session.ts'
import { paint } from '../render/format.ts'

export interface HistoryOptions {
  readonly directory?: string
  /** How many builds are shown. */
  readonly number: number
  readonly all?: boolean
  /** The beginning of a build's name, or `last`. */
  readonly build?: string
  /** The file for a trace of that build. */
  readonly trace?: string
  readonly json?: boolean
}

/**
 * `lbuild history [TARGET…]`: past builds, newest first, out of the log alone: neither the config nor any input is
 * opened, and nothing is written but a trace.
 */
export async function historyCommand(
  { home }: Invocation,
  targets: readonly string[],
  options: HistoryOptions,
): Promise<number> {
  const { root, cache } = locationsFor(realDisk, { start: startOf(options.directory), home })
  const isThere = (path: string): boolean => realDisk.lstat(toBytes(path)) !== undefined
  if (!isThere(`${root}/build.config.ts`) && !isThere(`${cache}/log`))
    throw noConfig(root, ', and no log of builds')
  if (options.build !== undefined) return showBuild(cache, targets, options.build, options)
  if (options.trace !== undefined)
    throw new Failure('--trace is of one build', {
      hint: 'name it: --build last, or the beginning of its name',
      exitCode: 2,
    })
  showList(cache, targets, options)
  return 0
}

function showList(cache: string, targets: readonly string[], { number, all, json }: HistoryOptions): void {
  const most = all ? Number.POSITIVE_INFINITY : number
  const builds: LoggedBuild[] = []
  let more = false
  for (const build of listBuilds(realDisk, cache)) {
    if (!isAbout(build, targets)) continue
    more = builds.length >= most
    if (more) break
    builds.push(build)
  }
  if (builds.length === 0) checkNames(realDisk, cache, targets)
  if (json) {
    print(`${JSON.stringify({ schemaVersion: 1, builds: builds.map(summaryDocument) }, undefined, 2)}\n`)
    return
  }
  if (builds.length === 0)
    print(targets.length > 0 ? 'no build in the log did anything about it\n' : 'no build is in the log\n')
  for (const build of builds) print(`${summaryLines(build, Date.now()).join('\n')}\n`)
  if (more) print(`${paint(process.stdout, 'dim', '… and older ones: -n N, or --all')}\n`)
}

/** What something was done about, or asked for. */
const isAbout = ({ targets: asked, artifacts }: LoggedBuild, targets: readonly string[]): boolean =>
  targets.length === 0 ||
  targets.some(
    (target) =>
      asked.includes(target) ||
      artifacts.some(({ name, outcome }) => name === target && !['fresh', 'unreached'].includes(outcome)),
  )

/** Throws a Failure (exit code 2) when nothing that was named is in any log. */
function checkNames(disk: Disk, cache: string, targets: readonly string[]): void {
  const names = new Set<string>()
  for (const { artifacts } of listBuilds(disk, cache)) for (const { name } of artifacts) names.add(name)
  const unknown = targets.filter((target) => !names.has(target))
  if (unknown.length === 0 || names.size === 0) return
  throw new Failure(`no build in the log has anything to do with '${unknown[0]}'`, {
    hint: suggestion(unknown[0]!, [...names].sort()),
    exitCode: 2,
  })
}

async function showBuild(
  cache: string,
  targets: readonly string[],
  id: string,
  { trace, json }: HistoryOptions,
): Promise<number> {
  if (targets.length > 0)
    throw new Failure('--build is of one build, and goes without targets', {
      hint: `lbuild history --build ${id}`,
      exitCode: 2,
    })
  const build = readBuild(realDisk, cache, id)
  if (build === undefined)
    throw new Failure(
      id === 'last' ? 'no build is in the log' : `no build has a name that begins with '${id}'`,
      {
        hint: 'lbuild history shows those that there are',
        exitCode: 2,
      },
    )
  if (trace !== undefined) {
    const { checkTraceFile, writeTrace } = await import('../trace/traceFile.ts')
    checkTraceFile(realDisk, trace)
    writeTrace(realDisk, trace, build)
  }
  if (json) print(`${JSON.stringify({ schemaVersion: 1, build: buildDocument(build) }, undefined, 2)}\n`)
  else print(`${detailLines(build, Date.now()).join('\n')}\n`)
  return 0
}

/** A build in the JSON of a list; docs/history.md documents it. */
function summaryDocument(build: LoggedBuild): object {
  const { id, startedAt, lbuild, targets, params, jobs, force, keepGoing, end, seconds, savedSeconds } = build
  const named = (wanted: LoggedOutcome): readonly string[] =>
    build.artifacts.filter(({ outcome }) => outcome === wanted).map(({ name }) => name)
  return {
    id,
    startedAt: startedAt === undefined ? null : new Date(startedAt).toISOString(),
    lbuild: lbuild ?? null,
    targets,
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

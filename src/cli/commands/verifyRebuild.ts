import { print } from '../render/print.ts'
import { display, fromBytes } from '../../platform/bytes.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import { failureData } from '../../executor/report.ts'
import { progressOn } from '../render/progress.ts'
import { counted, duration, paint, usesColor } from '../render/format.ts'
import type { ByteDifference } from '../../diff/byteDifference.ts'
import type { CanaryReport, OutputDifference, Rebuilt } from '../../verify/reproducibility.ts'
import { rebuildAll } from '../../verify/reproducibility.ts'
import type { MemberDifference } from '../../diff/tarDifference.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { Invocation } from '../session.ts'

export interface RebuildOptions {
  /** How many producers run at a time. */
  readonly jobs?: number
  readonly quiet?: boolean
  readonly json?: boolean
  readonly wait: boolean
}

/** `lbuild verify --rebuild TARGET…`: builds again in other circumstances and compares. Exit code 1 if anything differs. */
export async function rebuildCommand(
  invocation: Invocation,
  workspace: Workspace,
  targets: readonly string[],
  options: RebuildOptions,
  signal: AbortSignal,
): Promise<number> {
  const progress = progressOn(process.stderr, options.quiet ? 'quiet' : 'normal')
  let report: CanaryReport
  try {
    report = await rebuildAll(workspace, {
      targets,
      ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
      wait: options.wait,
      listener: progress.listener,
      signal,
      code: invocation.code,
    })
  } finally {
    progress.close()
    workspace.index.save()
  }
  const same = report.artifacts.every(({ outcome }) => outcome === 'same')
  if (options.json) print(`${JSON.stringify(documentOf(targets, report), undefined, 2)}\n`)
  else if (!same || !options.quiet) show(report)
  return same ? 0 : 1
}

function show({ artifacts, seconds }: CanaryReport): void {
  const other = artifacts.filter(({ outcome }) => outcome !== 'same')
  for (const one of other) {
    print(`${paint(process.stdout, 'red', one.outcome.padEnd(8))} ${one.artifact}\n`)
    for (const line of linesOf(one)) print(`  ${line.split('\n').join('\n  ')}\n`)
  }
  const all = `${counted(artifacts.length, 'artifact')} built again in ${duration(seconds)}`
  const verdict =
    other.length === 0 ? 'the same bytes' : `${other.length} not the same, the first is ${other[0]!.artifact}`
  print(`${all}: ${verdict}\n`)
}

function linesOf({ differences, failure, work }: Rebuilt): readonly string[] {
  return [
    ...(failure ? [renderFailure(failure, usesColor(process.stdout))] : []),
    ...differences.flatMap(({ output, path, member, bytes }) => [
      `output '${output}' (${path})`,
      ...(member ? memberLines(member) : []),
      `  ${bytes ? byteLine(bytes) : 'the recorded one is damaged or gone: lbuild verify --store'}`,
    ]),
    ...(failure?.facts.some(([name]) => name === 'work directory') ? [] : [`work directory: ${work}`]),
  ]
}

const memberLines = ({ member, aspects }: MemberDifference): readonly string[] => [
  `  the first member that differs is ${display(member)}`,
  ...aspects.map(({ aspect, before, now }) => `    ${aspect}: ${display(before)} → ${display(now)}`),
]

function byteLine({ offset, length, sizes: [before, now], before: old, now: young }: ByteDifference): string {
  const size = before === now ? `of ${before}` : `${before} before, ${now} now`
  return `from byte ${offset} on ${counted(length, 'byte')} differ (${size}): ${old || 'nothing'} → ${young || 'nothing'}`
}

/** What lies in paths and members as text, for JSON. */
const documentOf = (targets: readonly string[], { artifacts, seconds }: CanaryReport): unknown => ({
  schemaVersion: 1,
  targets,
  seconds,
  artifacts: artifacts.map(({ differences, failure, ...one }) => ({
    ...one,
    differences: differences.map(textOf),
    ...(failure ? { failure: failureData(failure) } : {}),
  })),
})

const textOf = ({ member, ...rest }: OutputDifference): unknown => ({
  ...rest,
  ...(member
    ? {
        member: fromBytes(member.member),
        aspects: member.aspects.map(({ aspect, before, now }) => ({
          aspect,
          before: fromBytes(before),
          now: fromBytes(now),
        })),
      }
    : {}),
})

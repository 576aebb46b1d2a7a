// `lbuild verify --rebuild TARGET…`: rebuilds in other circumstances and shows the outputs that differ.
import type { ByteDifference } from '../../diff/byteDifference.ts'
import type { MemberDifference } from '../../diff/tarDifference.ts'
import { failureData } from '../../platform/failureData.ts'
import { display, fromRawPath } from '../../platform/rawPath.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import type {
  OutputDifference,
  RebuiltArtifact,
  ReproducibilityReport,
} from '../../verify/reproducibility.ts'
import { checkReproducibility } from '../../verify/reproducibility.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { CommandContext } from '../command.ts'
import { paint, usesColor } from '../render/color.ts'
import { counted, duration } from '../../platform/units.ts'
import { print, printDocument } from '../render/print.ts'
import { withProgress } from '../render/progress.ts'
import { lockedBy } from '../lockedOption.ts'
import type { VerifyOptions } from './verify.ts'

/** Returns the exit code: 1 if an output differs or a producer fails. */
export async function verifyRebuild(
  { invocation, signal }: CommandContext,
  workspace: Workspace,
  targets: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const { jobs, wait, json, quiet, only = false } = options
  const report = await withProgress({ quiet }, (listener) =>
    checkReproducibility(workspace, {
      targets,
      only,
      ...(jobs === undefined ? {} : { jobs }),
      wait,
      ...lockedBy(options.locked),
      listener,
      signal,
      code: invocation.code,
    }),
  ).finally(() => workspace.index.save())
  const identical = report.artifacts.every(({ outcome }) => outcome === 'same')
  if (json) printDocument(documentOf(targets, report))
  else if (!identical || !quiet) show(report)
  return identical ? 0 : 1
}

function show({ artifacts, seconds }: ReproducibilityReport): void {
  const others = artifacts.filter(({ outcome }) => outcome !== 'same')
  for (const one of others) {
    print(`${paint(process.stdout, 'red', one.outcome.padEnd(8))} ${one.artifact}\n`)
    for (const line of linesOf(one)) print(`  ${line.split('\n').join('\n  ')}\n`)
  }
  const all = `rebuilt ${counted(artifacts.length, 'artifact')} in ${duration(seconds)}`
  const [first] = others
  print(
    first === undefined
      ? `${all}: all outputs are identical\n`
      : `${all}: ${others.length} not reproduced, first ${first.artifact}\n`,
  )
}

function linesOf({ differences, failure, workDirectory }: RebuiltArtifact): readonly string[] {
  return [
    ...(failure ? [renderFailure(failure, usesColor(process.stdout))] : []),
    ...differences.flatMap(({ output, path, member, bytes }) => [
      `output '${output}' (${path})`,
      ...(member ? memberLines(member) : []),
      `  ${bytes ? byteLine(bytes) : 'the recorded object is damaged or missing: run lbuild verify --store'}`,
    ]),
    ...(failure?.facts.some(([name]) => name === 'work directory')
      ? []
      : [`work directory: ${workDirectory}`]),
  ]
}

const memberLines = ({ member, aspects }: MemberDifference): readonly string[] => [
  `  first differing member: ${display(member)}`,
  ...aspects.map(({ aspect, before, now }) => `    ${aspect}: ${display(before)} → ${display(now)}`),
]

function byteLine({ offset, length, sizes: [before, now], before: old, now: young }: ByteDifference): string {
  const size = before === now ? `of ${before}` : `${before} before, ${now} now`
  return `${counted(length, 'byte')} differ from offset ${offset} (${size}): ${old || 'nothing'} → ${young || 'nothing'}`
}

/** The JSON of `verify --rebuild`: {@link ReproducibilityReport}, with the bytes of paths and members as text. */
const documentOf = (targets: readonly string[], { artifacts, seconds }: ReproducibilityReport) => ({
  targets,
  seconds,
  artifacts: artifacts.map(({ differences, failure, ...one }) => ({
    ...one,
    differences: differences.map(differenceDocument),
    ...(failure ? { failure: failureData(failure) } : {}),
  })),
})

const differenceDocument = ({ member, ...rest }: OutputDifference) => ({
  ...rest,
  ...(member
    ? {
        member: fromRawPath(member.member),
        aspects: member.aspects.map(({ aspect, before, now }) => ({
          aspect,
          before: fromRawPath(before),
          now: fromRawPath(now),
        })),
      }
    : {}),
})

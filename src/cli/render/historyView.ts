// Renders builds of the event log as text.
import { printable } from '../../platform/printable.ts'
import { Failure } from '../../platform/failure.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import { criticalPathOf } from '../../events/criticalPath.ts'
import type { FailureData } from '../../platform/failureData.ts'
import type { BuildEnd, LoggedArtifact, LoggedBuild } from '../../events/loggedBuild.ts'
import { OUTCOME_WORDS } from '../../events/outcomeWords.ts'
import { describeReason } from '../../explain/describeReason.ts'
import { paint, usesColor } from './color.ts'
import { counted, duration } from '../../platform/units.ts'
import { ago, shellWord, wrapped } from './format.ts'
import { skippedBecause } from './skipped.ts'

/** The width of the terminal in columns; 80 for other outputs. */
const width = (): number => process.stdout.columns || 80

const END_COLORS = { done: 'green', failed: 'red', interrupted: 'yellow', unfinished: 'yellow' } as const

/** A build in a few lines, without final newlines; `now` is in milliseconds since 1970. */
export function summaryLines(build: LoggedBuild, now: number): readonly string[] {
  const { id, startedAt, end, incomplete, lbuild, artifacts } = build
  const head = paint(process.stdout, 'bold', id)
  if (incomplete && lbuild === undefined && artifacts.length === 0)
    return [head, '  its log cannot be read: it is damaged, or from another version of lbuild']
  const indented = (text: string): readonly string[] =>
    wrapped(text, width() - 2, 2).map((line) => `  ${line}`)
  const when = startedAt === undefined ? '' : `${ago(startedAt, now)}: `
  const [first = '', ...rest] = indented(
    `${when}${endWords(build)}${incomplete ? '; its log is incomplete' : ''}`,
  )
  const counts = countWords(build)
  return [
    head,
    ...indented(commandLine(build)),
    paint(process.stdout, END_COLORS[end], first),
    ...rest,
    ...(counts === '' ? [] : indented(counts)),
  ]
}

/** The command line of a build as the user typed it; its targets if an older version of lbuild wrote the log. */
export const commandLine = ({ command, targets }: LoggedBuild): string =>
  printable(
    command === undefined
      ? `targets: ${targets.join(', ')}`
      : ['lbuild', ...command.map(shellWord)].join(' '),
  )

/** The params that the command line and its profile set, in a line; empty if they set none. */
function paramWords({ params }: LoggedBuild): string {
  const settings = Object.entries(params).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return settings.length === 0 ? '' : `params: ${settings.join(', ')}`
}

function endWords({ end, seconds, savedSeconds = 0 }: LoggedBuild): string {
  const saved = savedSeconds >= 0.05 ? `, saved ${duration(savedSeconds)}` : ''
  const words: Readonly<Record<BuildEnd, string>> = {
    done: `done in ${duration(seconds)}${saved}`,
    failed: `failed after ${duration(seconds)}`,
    interrupted: `interrupted after ${duration(seconds)}`,
    unfinished: `did not finish: killed after ${duration(seconds)}, or still running`,
  }
  return words[end]
}

/** The artifacts by outcome; of those that the build did not touch, only their number. */
function countWords({ artifacts }: LoggedBuild): string {
  const named = (['built', 'restored', 'failed', 'skipped', 'unfinished'] as const).flatMap((wanted) => {
    const names = artifacts.filter(({ outcome }) => outcome === wanted).map(({ name }) => printable(name))
    return names.length > 0 ? [`${wanted} ${names.join(', ')}`] : []
  })
  const counts = (['fresh', 'unreached'] as const).flatMap((wanted) => {
    const count = artifacts.filter(({ outcome }) => outcome === wanted).length
    return count > 0 ? [`${count} ${OUTCOME_WORDS[wanted]}`] : []
  })
  return [...named, ...counts].join('; ')
}

const COLORS = {
  built: 'green',
  restored: 'cyan',
  fresh: 'dim',
  failed: 'red',
  skipped: 'dim',
  unfinished: 'yellow',
  unreached: 'dim',
} as const

/** Everything about a build in lines: the outcome of each artifact, failures and the critical path. */
export function detailLines(build: LoggedBuild, now: number): readonly string[] {
  const { artifacts, warnings, preserved, failure } = build
  const names = Math.max(0, ...artifacts.map(({ name }) => printable(name).length))
  const failures = [
    ...artifacts.flatMap((one) => (one.failure ? [failureText(one.failure, `${one.name}: `)] : [])),
    ...(failure ? [failureText(failure, '')] : []),
  ]
  const path = pathWords(build)
  const params = paramWords(build)
  return [
    ...summaryLines(build, now),
    ...(params === '' ? [] : wrapped(`  ${printable(params)}`, width(), 4)),
    ...(artifacts.length > 0 ? [''] : []),
    ...artifacts.map((artifact) => artifactLine(artifact, names)),
    ...(path === '' ? [] : ['', ...wrapped(path, width(), 2)]),
    ...(warnings.length + preserved.length > 0 ? [''] : []),
    ...warnings.flatMap(({ message }) => wrapped(`warning: ${printable(message)}`, width(), 2)),
    ...preserved.flatMap(({ path: output, as }) =>
      wrapped(`moved ${printable(output)}, modified after it was built, to ${printable(as)}`, width(), 2),
    ),
    ...failures.flatMap((text) => ['', text]),
  ]
}

/** The width of the longest duration below a hundred minutes. */
const TIME_WIDTH = '99 min 59 s'.length
const WORD_WIDTH = Math.max(...Object.values(OUTCOME_WORDS).map((word) => word.length))

function artifactLine(artifact: LoggedArtifact, names: number): string {
  const { name, outcome, seconds } = artifact
  const word = paint(process.stdout, COLORS[outcome], OUTCOME_WORDS[outcome].padEnd(WORD_WIDTH))
  const time = (seconds === undefined ? '' : duration(seconds)).padEnd(TIME_WIDTH)
  const room = Math.max(20, width() - WORD_WIDTH - names - TIME_WIDTH - 3)
  const remark = printable(remarkOn(artifact))
  const cut = process.stdout.isTTY && remark.length > room ? `${remark.slice(0, room - 1)}…` : remark
  return `${word} ${printable(name).padEnd(names)} ${time} ${cut}`.trimEnd()
}

function remarkOn({
  outcome,
  reasons,
  changed,
  cutOff,
  savedSeconds,
  failure,
  failedArtifact,
  dependsOnFailed,
}: LoggedArtifact): string {
  const [first, ...others] = reasons.map(describeReason)
  const why = `${first ?? ''}${others.length > 0 ? ` (and ${counted(others.length, 'more reason')})` : ''}`
  const saved = savedSeconds === undefined ? '' : `saved ${duration(savedSeconds)}`
  switch (outcome) {
    case 'built':
      return `${changed === false ? 'identical to the previous output; ' : ''}${why}`
    case 'restored':
      return [saved, why].filter((text) => text !== '').join('; ')
    case 'fresh':
      return `${saved}${cutOff ? '; its inputs are unchanged' : ''}`
    case 'failed':
      return failure?.headline ?? ''
    case 'skipped':
      return skippedBecause({ failedArtifact, dependsOnFailed })
    case 'unfinished':
      return why
    case 'unreached':
      return ''
  }
}

function pathWords(build: LoggedBuild): string {
  const path = criticalPathOf(build)
  const seconds = path.reduce((sum, step) => sum + step.seconds, 0)
  const steps = path.map(
    ({ kind, name, seconds: own }) =>
      `${printable(name)}${kind === 'lockfile' ? ' (lockfile)' : ''} ${duration(own)}`,
  )
  if (steps.length === 0) return ''
  return `critical path, ${duration(seconds)} of ${duration(build.seconds)}: ${steps.join(' → ')}`
}

/** A failure from a log, with its facts, tail and hint. */
export function failureText({ headline, ...failure }: FailureData, prefix: string): string {
  return renderFailure(new Failure(`${prefix}${headline}`, failure), usesColor(process.stdout))
}

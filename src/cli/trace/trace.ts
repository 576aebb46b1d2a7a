// Converts a build of the event log to a timeline in the Trace Event Format.
import { criticalPathOf } from '../../events/criticalPath.ts'
import type { LoggedArtifact, LoggedBuild, Span } from '../../events/loggedBuild.ts'
import { describeReason } from '../../explain/describeReason.ts'

/**
 * An event of the Trace Event Format (Google, "Trace Event Format", the JSON object form), which Perfetto and
 * chrome://tracing open: `X` is a span, `M` names a process or a lane. Times are in microseconds.
 */
export type TraceEvent =
  | {
      readonly ph: 'X'
      readonly name: string
      readonly cat: string
      readonly pid: number
      readonly tid: number
      readonly ts: number
      readonly dur: number
      readonly args: Readonly<Record<string, unknown>>
    }
  | {
      readonly ph: 'M'
      readonly name: 'process_name' | 'thread_name' | 'thread_sort_index'
      readonly pid: number
      readonly tid: number
      readonly args: { readonly name: string } | { readonly sort_index: number }
    }

export interface Trace {
  readonly traceEvents: readonly TraceEvent[]
  readonly displayTimeUnit: 'ms'
  readonly otherData: Readonly<Record<string, unknown>>
}

/** All lanes belong to one process. */
const PID = 1

/** A span on a lane. */
interface Bar {
  readonly span: Span
  readonly name: string
  readonly category: string
  readonly args: Readonly<Record<string, unknown>>
  readonly parts: readonly Span[]
}

/**
 * A build as a trace: one lane for each producer that ran in parallel, with the phases of each run; lanes for restored
 * artifacts and for lockfiles; and a lane for the critical path. Pure.
 */
export function traceOf(build: LoggedBuild): Trace {
  const path = criticalPathOf(build)
  const critical = new Set(path.map(({ kind, name }) => `${kind} ${name}`))
  const bars = build.artifacts.flatMap((artifact) =>
    artifact.attempts.map((attempt, at): Bar & { readonly isRun: boolean } => ({
      isRun: attempt.name === 'run',
      span: attempt,
      name: artifact.name,
      category: attempt.name,
      args: {
        ...artifactArgs(artifact, at === artifact.attempts.length - 1),
        critical: critical.has(`artifact ${artifact.name}`),
      },
      parts: attempt.phases,
    })),
  )
  const lockfiles = build.lockfiles.flatMap(({ name, spans }) =>
    spans.map((span): Bar => {
      const args = { critical: critical.has(`lockfile ${name}`) }
      return { span, name: `${span.name} ${name}`, category: span.name, args, parts: [] }
    }),
  )
  const pathBars = path.flatMap(({ kind, name, spans }) =>
    spans.map((span): Bar => ({ span, name, category: 'critical path', args: { kind }, parts: [] })),
  )
  const lanes: (readonly [name: string, bars: readonly Bar[]])[] = [
    ['critical path', pathBars],
    ...numbered(
      'slot',
      bars.filter(({ isRun }) => isRun),
    ),
    ...numbered(
      'restored',
      bars.filter(({ isRun }) => !isRun),
    ),
    ...numbered('lockfiles', lockfiles),
  ]
  return {
    traceEvents: [
      {
        ph: 'M',
        name: 'process_name',
        pid: PID,
        tid: 0,
        args: { name: `lbuild ${build.targets.join(' ')}` },
      },
      ...lanes.flatMap(([name, all], at) => laneEvents(name, all, at + 1)),
    ],
    displayTimeUnit: 'ms',
    otherData: {
      build: build.id,
      end: build.end,
      seconds: build.seconds,
      criticalPath: path.map(({ name }) => name),
      criticalPathSeconds: path.reduce((sum, { seconds }) => sum + seconds, 0),
    },
  }
}

function artifactArgs(artifact: LoggedArtifact, isLast: boolean): Readonly<Record<string, unknown>> {
  const { outcome, reasons, key, changed, failure } = artifact
  return {
    outcome: isLast ? outcome : 'cancelled and run again, because its inputs changed',
    reasons: reasons.map(describeReason),
    ...(isLast && key !== undefined ? { key } : {}),
    ...(isLast && changed !== undefined ? { changed } : {}),
    ...(isLast && failure ? { failure: failure.headline } : {}),
  }
}

/** Distributes bars over as few lanes as possible so that no two overlap in one lane. */
function numbered(name: string, bars: readonly Bar[]): (readonly [name: string, bars: readonly Bar[]])[] {
  const lanes: Bar[][] = []
  for (const bar of bars.toSorted((a, b) => a.span.from - b.span.from)) {
    const free = lanes.find((lane) => lane.every(({ span }) => span.to <= bar.span.from))
    if (free) free.push(bar)
    else lanes.push([bar])
  }
  return lanes.map((lane, at) => [lanes.length === 1 && name !== 'slot' ? name : `${name} ${at + 1}`, lane])
}

const microseconds = (milliseconds: number): number => Math.round(milliseconds * 1000)

function laneEvents(name: string, bars: readonly Bar[], tid: number): readonly TraceEvent[] {
  const complete = (span: Span, title: string, cat: string, args: Bar['args']): TraceEvent => ({
    ph: 'X',
    name: title,
    cat,
    pid: PID,
    tid,
    ts: microseconds(span.from),
    dur: microseconds(span.to) - microseconds(span.from),
    args,
  })
  return [
    { ph: 'M', name: 'thread_name', pid: PID, tid, args: { name } },
    { ph: 'M', name: 'thread_sort_index', pid: PID, tid, args: { sort_index: tid } },
    ...bars.flatMap(({ span, name: title, category, args, parts }) => [
      complete(span, title, category, args),
      ...parts.map((part) => complete(part, part.name, 'phase', {})),
    ]),
  ]
}

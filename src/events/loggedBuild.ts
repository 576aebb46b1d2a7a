import type { Json } from '../api/params.ts'
import type { Explanation } from '../planner/evidence.ts'
import type { BuildEvent, BuildNode, BuiltOutput, FailureData, Outcome } from './events.ts'
import type { ReadLog } from './logReader.ts'
import type { Reason } from '../planner/types.ts'

/** A stretch of time in a build, in milliseconds since it began. */
export interface Span {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** One go at an artifact: a run of its producer, or its restoration. */
export interface Go extends Span {
  readonly name: 'run' | 'restore'
  /** What the run went through, in order; empty for a restoration. */
  readonly phases: readonly Span[]
}

/**
 * What became of an artifact; `unfinished` where the build ended in the middle of it, `unreached` where it ended before
 * anything was done about it or told of it.
 */
export type LoggedOutcome = Outcome | 'unfinished' | 'unreached'

/** What a log tells of one artifact. */
export interface LoggedArtifact extends BuildNode {
  readonly outcome: LoggedOutcome
  /** Why it was not fresh when its turn came. */
  readonly reasons: readonly Reason[]
  readonly key?: string
  /** How long its producer ran. */
  readonly seconds?: number
  /** How long its run before took. */
  readonly usualSeconds?: number
  /** How long the run would have taken that was not needed. */
  readonly savedSeconds?: number
  /** Whether the content of any output is another one than before. */
  readonly changed?: boolean
  /** Of one that was fresh: whether that was open until what it depends on had run. */
  readonly cutOff?: boolean
  /** Of one that was built or restored. */
  readonly outputs: readonly BuiltOutput[]
  readonly failure?: FailureData
  /** Of one that was skipped: the artifact that failed. */
  readonly because?: string
  /** In order; more than one where its inputs moved meanwhile. */
  readonly goes: readonly Go[]
}

/** What a log tells of one lock. */
export interface LoggedLockfile {
  readonly name: string
  /** When it was resolved, and when what it names was fetched. */
  readonly spans: readonly Span[]
}

/** How a build ended; `unended` where it was killed, or still runs. */
export type BuildEnd = 'done' | 'failed' | 'interrupted' | 'unended'

/** All that the log tells of one build. */
export interface LoggedBuild {
  readonly id: string
  /** By the wall clock of then, in milliseconds since 1970. */
  readonly startedAt?: number
  /** The version of lbuild that ran it. */
  readonly lbuild?: string
  readonly targets: readonly string[]
  /** The params that the command line set. */
  readonly params: Readonly<Record<string, Json>>
  /** How many producers might run at a time. */
  readonly jobs?: number
  readonly force: boolean
  readonly keepGoing: boolean
  readonly end: BuildEnd
  /** Until its end, or until the last that is known of it. */
  readonly seconds: number
  /** How long the runs took that were not needed; known of a build that came to its end. */
  readonly savedSeconds?: number
  /** What ended it, where that was no failure of an artifact. */
  readonly failure?: FailureData
  /** Whether something of its log cannot be read, so that more may have happened. */
  readonly incomplete: boolean
  /** In the graph's order. */
  readonly artifacts: readonly LoggedArtifact[]
  readonly lockfiles: readonly LoggedLockfile[]
  /** Why anything was to be done, as it was when the build began. */
  readonly explanation?: Explanation
  readonly warnings: readonly { readonly message: string; readonly hint?: string }[]
  /** Outputs that somebody had changed, and where they are now. */
  readonly kept: readonly { readonly path: string; readonly as: string }[]
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type OpenSpan = Writable<Span>
type OpenGo = OpenSpan & { readonly name: Go['name']; readonly phases: OpenSpan[] }
type OpenArtifact = Omit<Writable<LoggedArtifact>, 'goes'> & { readonly goes: OpenGo[] }

/** Where a span ends whose end has not been read. */
const OPEN = Number.POSITIVE_INFINITY

/** Puts together what the lines of a log tell. Pure; any of the lines may be missing. */
export function loggedBuild(id: string, { lines, whole }: ReadLog): LoggedBuild {
  const [first] = lines
  const telling = new Telling()
  let end = 0
  for (const { t, event } of lines) {
    // Written in order, times never go back; whatever else is read must not either.
    end = Math.max(end, t)
    telling.add(event, end)
  }
  telling.close(end)
  return {
    id,
    ...(first ? { startedAt: Math.round(Math.max(0, first.at - first.t)) } : {}),
    targets: [],
    params: {},
    force: false,
    keepGoing: false,
    end: 'unended',
    seconds: end / 1000,
    incomplete: !whole,
    ...telling.facts,
    artifacts: [...telling.artifacts.values()],
    lockfiles: [...telling.lockfiles.values()],
    warnings: telling.warnings,
    kept: telling.kept,
  }
}

class Telling {
  readonly facts: Partial<Writable<LoggedBuild>> = {}
  readonly artifacts = new Map<string, OpenArtifact>()
  readonly lockfiles = new Map<string, { readonly name: string; readonly spans: OpenSpan[] }>()
  readonly warnings: { message: string; hint?: string }[] = []
  readonly kept: { path: string; as: string }[] = []

  add(event: BuildEvent, t: number): void {
    switch (event.type) {
      case 'started': {
        const { lbuild, targets, params, jobs, force, keepGoing, artifacts } = event
        Object.assign(this.facts, { lbuild, targets, params, jobs, force, keepGoing })
        for (const { name, dependencies, lockfiles } of artifacts)
          Object.assign(this.#artifact(name), { dependencies, lockfiles })
        return
      }
      case 'explained':
        this.facts.explanation = event.explanation
        return
      case 'resolving':
        begin('resolve', t, this.#lock(event.lock))
        return
      case 'fetching':
        begin('fetch', t, this.#lock(event.lock))
        return
      case 'resolved':
      case 'fetched':
        closeAt(t, this.#lock(event.lock))
        return
      case 'warning': {
        const { message, hint } = event
        this.warnings.push({ message, ...(hint === undefined ? {} : { hint }) })
        return
      }
      case 'kept':
        this.kept.push({ path: event.path, as: event.as })
        return
      case 'ended': {
        const { outcome, seconds, savedSeconds, failure } = event
        Object.assign(this.facts, { end: outcome, seconds })
        if (savedSeconds !== undefined) this.facts.savedSeconds = savedSeconds
        if (failure !== undefined) this.facts.failure = failure
        return
      }
      default:
        if ('artifact' in event) this.#addTo(this.#artifact(event.artifact), event, t)
    }
  }

  /** Ends at the end what no line ended. */
  close(end: number): void {
    for (const { spans } of this.lockfiles.values()) closeAt(end, spans)
    for (const artifact of this.artifacts.values()) {
      if (artifact.goes.at(-1)?.to === OPEN) artifact.outcome = 'unfinished'
      closeGo(end, artifact)
    }
  }

  #addTo(artifact: OpenArtifact, event: Extract<BuildEvent, { readonly artifact: string }>, t: number): void {
    const ended = (outcome: Outcome): void => {
      closeGo(t, artifact)
      artifact.outcome = outcome
    }
    switch (event.type) {
      case 'running': {
        closeGo(t, artifact)
        const phases = [{ name: 'inputs', from: t, to: OPEN }]
        artifact.goes.push({ name: 'run', from: t, to: OPEN, phases })
        artifact.reasons = event.reasons
        if (event.usualSeconds !== undefined) artifact.usualSeconds = event.usualSeconds
        return
      }
      case 'phase': {
        const go = artifact.goes.at(-1)
        if (go?.to === OPEN) begin(event.phase, t, go.phases)
        return
      }
      case 'restoring':
        closeGo(t, artifact)
        artifact.goes.push({ name: 'restore', from: t, to: OPEN, phases: [] })
        return
      case 'retrying':
      case 'cancelled':
        closeGo(t, artifact)
        return
      case 'built': {
        const { key, seconds, changed, outputs } = event
        if (artifact.goes.at(-1)?.to !== OPEN)
          artifact.goes.push({ name: 'run', from: Math.max(0, t - seconds * 1000), to: t, phases: [] })
        ended('built')
        Object.assign(artifact, { key, seconds, changed, outputs })
        return
      }
      case 'restored': {
        const { key, reasons, savedSeconds, changed, outputs } = event
        ended('restored')
        Object.assign(artifact, { key, reasons, savedSeconds, changed, outputs })
        return
      }
      case 'fresh': {
        const { key, savedSeconds, cutOff } = event
        ended('fresh')
        Object.assign(artifact, { key, savedSeconds, cutOff })
        return
      }
      case 'failed': {
        const { key, reasons, seconds, failure } = event
        ended('failed')
        Object.assign(artifact, { reasons, seconds, failure })
        if (key !== undefined) artifact.key = key
        return
      }
      case 'skipped': {
        const { reasons, because } = event
        ended('skipped')
        Object.assign(artifact, { reasons, because })
        return
      }
      case 'rebuilding':
      case 'rebuilt':
        // Of another command, which builds nothing.
        return
    }
  }

  #artifact(name: string): OpenArtifact {
    const known = this.artifacts.get(name)
    if (known) return known
    const artifact: OpenArtifact = {
      name,
      dependencies: [],
      lockfiles: [],
      outcome: 'unreached',
      reasons: [],
      outputs: [],
      goes: [],
    }
    this.artifacts.set(name, artifact)
    return artifact
  }

  #lock(name: string): OpenSpan[] {
    const known = this.lockfiles.get(name)
    if (known) return known.spans
    const spans: OpenSpan[] = []
    this.lockfiles.set(name, { name, spans })
    return spans
  }
}

/** Begins a span, and ends the one before if that has no end. */
function begin(name: string, t: number, spans: OpenSpan[]): void {
  closeAt(t, spans)
  spans.push({ name, from: t, to: OPEN })
}

/** Ends the last of some spans, unless it has ended. */
function closeAt(t: number, spans: readonly OpenSpan[]): void {
  const last = spans.at(-1)
  if (last?.to === OPEN) last.to = t
}

function closeGo(t: number, { goes }: OpenArtifact): void {
  closeAt(t, goes)
  closeAt(t, goes.at(-1)?.phases ?? [])
}

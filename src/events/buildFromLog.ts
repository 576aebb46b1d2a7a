// Reconstructs a past build from the lines of its log.
import type { BuildEvent, EventOf, Outcome } from './events.ts'
import type { LoggedArtifact, LoggedBuild, LoggedLockfile, Span } from './loggedBuild.ts'
import type { ReadLog } from './logFormat.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type OpenSpan = Writable<Span>
type OpenAttempt = OpenSpan & { readonly name: 'run' | 'restore'; readonly phases: OpenSpan[] }
type OpenArtifact = Omit<Writable<LoggedArtifact>, 'attempts'> & { readonly attempts: OpenAttempt[] }
type OpenLockfile = LoggedLockfile & { readonly spans: OpenSpan[] }

/** The end of a span whose end has not been read. */
const OPEN = Number.POSITIVE_INFINITY

/** Reconstructs a build from the lines of its log. Pure. Any line may be missing. */
export function buildFromLog(id: string, { lines, complete }: ReadLog): LoggedBuild {
  const [first] = lines
  const replay = new Replay()
  let end = 0
  for (const { t, event } of lines) {
    // lbuild never writes times that go back; a damaged log must not make them go back either.
    end = Math.max(end, t)
    replay.apply(event, end)
  }
  replay.closeSpans(end)
  return {
    id,
    ...(first ? { startedAt: Math.round(Math.max(0, first.at - first.t)) } : {}),
    targets: [],
    params: {},
    force: false,
    keepGoing: false,
    end: 'unfinished',
    seconds: end / 1000,
    incomplete: !complete,
    ...replay.facts,
    artifacts: [...replay.artifacts.values()],
    lockfiles: [...replay.lockfiles.values()],
    warnings: replay.warnings,
    preserved: replay.preserved,
  }
}

/** Applies the events of a log in order, and collects what they say about the build. */
class Replay {
  readonly facts: Partial<Writable<LoggedBuild>> = {}
  readonly artifacts = new Map<string, OpenArtifact>()
  readonly lockfiles = new Map<string, OpenLockfile>()
  readonly warnings: { message: string; hint?: string }[] = []
  readonly preserved: { path: string; as: string }[] = []

  /** Applies an event that was logged at `t`, in milliseconds since the build began. */
  apply(event: BuildEvent, t: number): void {
    switch (event.type) {
      case 'started': {
        const { lbuild, targets, command, params, jobs, force, keepGoing, artifacts } = event
        Object.assign(this.facts, { lbuild, targets, params, jobs, force, keepGoing })
        if (command !== undefined) this.facts.command = command
        for (const { name, dependencies, lockfiles } of artifacts)
          Object.assign(this.#artifact(name), { dependencies, lockfiles })
        return
      }
      case 'explained':
        this.facts.explanation = event.explanation
        return
      case 'resolving':
        open('resolve', t, this.#spansOf(event.lockfile))
        return
      case 'fetching':
        open('fetch', t, this.#spansOf(event.lockfile))
        return
      case 'resolved':
      case 'fetched':
        close(t, this.#spansOf(event.lockfile))
        return
      case 'warning': {
        const { message, hint } = event
        this.warnings.push({ message, ...(hint === undefined ? {} : { hint }) })
        return
      }
      case 'preserved':
        this.preserved.push({ path: event.path, as: event.as })
        return
      case 'ended': {
        const { outcome, seconds, savedSeconds, failure } = event
        Object.assign(this.facts, { end: outcome, seconds })
        if (savedSeconds !== undefined) this.facts.savedSeconds = savedSeconds
        if (failure !== undefined) this.facts.failure = failure
        return
      }
      default:
        if ('artifact' in event) applyTo(this.#artifact(event.artifact), event, t)
    }
  }

  /** Closes the spans that are still open at the end of the log. */
  closeSpans(end: number): void {
    for (const { spans } of this.lockfiles.values()) close(end, spans)
    for (const artifact of this.artifacts.values()) {
      if (artifact.attempts.at(-1)?.to === OPEN) artifact.outcome = 'unfinished'
      closeAttempt(end, artifact)
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
      attempts: [],
    }
    this.artifacts.set(name, artifact)
    return artifact
  }

  #spansOf(lockfile: string): OpenSpan[] {
    const known = this.lockfiles.get(lockfile)
    if (known) return known.spans
    const spans: OpenSpan[] = []
    this.lockfiles.set(lockfile, { name: lockfile, spans })
    return spans
  }
}

type ArtifactEvent = Extract<BuildEvent, { readonly artifact: string }>
type FinalEvent = EventOf<Outcome>

const isFinal = (event: ArtifactEvent): event is FinalEvent =>
  ['built', 'restored', 'fresh', 'failed', 'skipped'].includes(event.type)

function applyTo(artifact: OpenArtifact, event: ArtifactEvent, t: number): void {
  const isRunning = artifact.attempts.at(-1)?.to === OPEN
  // A truncated log may lack the start of a run.
  if (event.type === 'built' && !isRunning)
    artifact.attempts.push({ name: 'run', from: Math.max(0, t - event.seconds * 1000), to: t, phases: [] })
  if (event.type === 'phase') {
    if (isRunning) open(event.phase, t, artifact.attempts.at(-1)?.phases ?? [])
    return
  }
  // `verify --rebuild` logs these; it builds nothing.
  if (event.type === 'rebuilding' || event.type === 'rebuilt') return
  closeAttempt(t, artifact)
  if (isFinal(event)) {
    artifact.outcome = event.type
    Object.assign(artifact, finalFacts(event))
    return
  }
  if (event.type === 'running') {
    const phases = [{ name: 'inputs', from: t, to: OPEN }]
    artifact.attempts.push({ name: 'run', from: t, to: OPEN, phases })
    artifact.reasons = event.reasons
    if (event.usualSeconds !== undefined) artifact.usualSeconds = event.usualSeconds
  }
  if (event.type === 'restoring') artifact.attempts.push({ name: 'restore', from: t, to: OPEN, phases: [] })
}

/** The members of a final event that a logged artifact has. */
function finalFacts(event: FinalEvent): Partial<LoggedArtifact> {
  switch (event.type) {
    case 'built': {
      const { key, seconds, changed, outputs } = event
      return { key, seconds, changed, outputs }
    }
    case 'restored': {
      const { key, reasons, savedSeconds, changed, outputs } = event
      return { key, reasons, savedSeconds, changed, outputs }
    }
    case 'fresh': {
      const { key, savedSeconds, cutOff } = event
      return { key, savedSeconds, cutOff }
    }
    case 'failed': {
      const { key, reasons, seconds, failure } = event
      return { ...(key === undefined ? {} : { key }), reasons, seconds, failure }
    }
    case 'skipped': {
      const { reasons, failedArtifact, dependsOnFailed } = event
      return { reasons, failedArtifact, ...(dependsOnFailed === undefined ? {} : { dependsOnFailed }) }
    }
  }
}

/** Opens a span, and closes the one before it. */
function open(name: string, t: number, spans: OpenSpan[]): void {
  close(t, spans)
  spans.push({ name, from: t, to: OPEN })
}

/** Closes the last of some spans if it is open. */
function close(t: number, spans: readonly OpenSpan[]): void {
  const last = spans.at(-1)
  if (last?.to === OPEN) last.to = t
}

function closeAttempt(t: number, { attempts }: OpenArtifact): void {
  close(t, attempts)
  close(t, attempts.at(-1)?.phases ?? [])
}

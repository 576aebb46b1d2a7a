import { monotonicSeconds } from '../../platform/clock.ts'
import type { BuildEvent, Listener } from '../../events/events.ts'
import { describeReason } from '../../explain/describeReason.ts'
import { bytes, counted, cutLine, duration, NAME_WIDTH, paint } from './format.ts'

/** Renders the events of a build for people. `close` takes away what only shows the present. */
export interface Progress {
  readonly listener: Listener
  /** Writes a line, above those that show the present. */
  say(line: string): void
  close(): void
}

export type Verbosity = 'quiet' | 'normal' | 'verbose'

/** What is said while another build holds the lock. */
export const WAITING = 'waiting for another build of this workspace …'

/** One line for each thing that happened, as CI wants it; on a terminal also a live line for each running artifact. */
export function progressOn(stream: NodeJS.WriteStream, verbosity: Verbosity): Progress {
  stream.on('error', ignoreClosed)
  const live = stream.isTTY && process.env.CI === undefined && process.env.TERM !== 'dumb'
  const screen = live && verbosity !== 'quiet' ? new LiveLines(stream) : undefined
  const write = (line: string): void => (screen ? screen.above(line) : void stream.write(`${line}\n`))
  return {
    listener(event) {
      screen?.follow(event)
      const line = lineOf(event, stream, verbosity, screen !== undefined)
      if (line !== undefined) write(line)
    },
    say: write,
    close: () => screen?.close(),
  }
}

/** A terminal that went away must not stop a build. */
function ignoreClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
}

function lineOf(
  event: BuildEvent,
  stream: NodeJS.WriteStream,
  verbosity: Verbosity,
  live: boolean,
): string | undefined {
  const name = (text: string): string => text.padEnd(NAME_WIDTH)
  const dim = (text: string): string => paint(stream, 'dim', text)
  if (event.type === 'warning')
    return `${paint(stream, 'yellow', 'warning:')} ${event.message}${event.hint === undefined ? '' : `\n  hint: ${event.hint}`}`
  if (event.type === 'preserved')
    return `${paint(stream, 'yellow', 'kept')}     ${event.path} had been changed: it is now ${event.as}`
  if (verbosity === 'quiet') return undefined
  switch (event.type) {
    case 'waiting':
      return WAITING
    case 'resolving':
      return `resolve  ${name(event.lockfile)} ${dim(`${event.path} is ${event.reason === 'update' ? 'renewed' : event.reason}`)}`
    case 'resolved':
      return `resolved ${name(event.lockfile)} ${event.path}: ${counted(event.files, 'file')} in ${duration(event.seconds)}; commit it to keep these versions`
    case 'fetching':
      return `fetch    ${name(event.lockfile)} ${counted(event.files, 'file')}, ${bytes(event.bytes)}`
    case 'fetched':
      return `fetched  ${name(event.lockfile)} ${duration(event.seconds)}`
    case 'running':
      return live ? undefined : `run      ${name(event.artifact)} ${dim(reasonsOf(event))}`
    case 'built':
      return `${paint(stream, 'green', 'built')}    ${name(event.artifact)} ${duration(event.seconds)}${event.changed ? '' : dim('  (the same bytes as before)')}`
    case 'restored':
      return `${paint(stream, 'green', 'restored')} ${name(event.artifact)} ${dim(event.reasons.map(describeReason).join('; '))}`
    case 'rebuilding':
      return live
        ? undefined
        : `again    ${name(event.artifact)} ${dim(`(usually ${duration(event.usualSeconds)})`)}`
    case 'rebuilt':
      return event.outcome === 'same'
        ? `${paint(stream, 'green', 'same')}     ${name(event.artifact)} ${duration(event.seconds)}`
        : `${paint(stream, 'red', event.outcome.padEnd(8))} ${name(event.artifact)} ${duration(event.seconds)}`
    case 'failed':
      return `${paint(stream, 'red', 'failed')}   ${name(event.artifact)} ${event.failure.headline}`
    case 'cancelled':
      return `${paint(stream, 'yellow', 'cancelled')} ${event.artifact.padEnd(NAME_WIDTH - 1)} ${dim(`after ${duration(event.seconds)}: its inputs changed`)}`
    case 'skipped':
      return `skipped  ${name(event.artifact)} ${dim(`because ${event.failedArtifact} failed`)}`
    case 'fresh':
      return verbosity === 'verbose' ? dim(`fresh    ${event.artifact}`) : undefined
    case 'collected':
      return dim(
        `collected ${counted(event.records, 'old record')} and ${counted(event.objects, 'object')} of the store, ${bytes(event.bytes)}`,
      )
    case 'started':
    case 'explained':
    case 'phase':
    case 'retrying':
    case 'restoring':
    case 'ended':
      return undefined
  }
}

/** How many reasons a line has room for. */
const REASONS = 2

function reasonsOf(event: Extract<BuildEvent, { type: 'running' }>): string {
  const reasons = event.reasons.map(describeReason)
  const more = reasons.length > REASONS ? `; ${reasons.length - REASONS} more` : ''
  const usual = event.usualSeconds === undefined ? '' : ` (usually ${duration(event.usualSeconds)})`
  return `${reasons.slice(0, REASONS).join('; ')}${more}${usual}`
}

/** Milliseconds between two drawings. */
const INTERVAL = 100

/** The lines of what runs now, kept below everything else (ECMA-48: CUU, EL, ED; DEC private mode 2026). */
class LiveLines {
  readonly #stream: NodeJS.WriteStream
  readonly #running = new Map<string, { since: number; usual: number | undefined; why: string }>()
  readonly #timer: NodeJS.Timeout
  #drawn = 0

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    this.#timer = setInterval(() => this.#draw(''), INTERVAL)
    this.#timer.unref()
  }

  follow(event: BuildEvent): void {
    if (event.type === 'running')
      this.#running.set(event.artifact, {
        since: monotonicSeconds(),
        usual: event.usualSeconds,
        why: reasonsOf(event),
      })
    else if (event.type === 'rebuilding')
      this.#running.set(event.artifact, {
        since: monotonicSeconds(),
        usual: event.usualSeconds,
        why: 'to see whether it makes the same again',
      })
    else if (
      event.type === 'built' ||
      event.type === 'failed' ||
      event.type === 'cancelled' ||
      event.type === 'rebuilt'
    )
      this.#running.delete(event.artifact)
    else if (event.type === 'fetching')
      this.#running.set(`↓ ${event.lockfile}`, {
        since: monotonicSeconds(),
        usual: undefined,
        why: bytes(event.bytes),
      })
    else if (event.type === 'fetched') this.#running.delete(`↓ ${event.lockfile}`)
    else if (event.type === 'resolving')
      this.#running.set(`? ${event.lockfile}`, {
        since: monotonicSeconds(),
        usual: undefined,
        why: event.path,
      })
    else if (event.type === 'resolved') this.#running.delete(`? ${event.lockfile}`)
  }

  above(line: string): void {
    this.#draw(`${line}\n`)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#running.clear()
    this.#draw('')
  }

  #draw(above: string): void {
    const width = this.#stream.columns || 80
    const lines = [...this.#running].map(([name, { since, usual, why }]) => {
      const elapsed = monotonicSeconds() - since
      const clock = `${duration(elapsed)}${usual === undefined ? '' : ` of ${duration(usual)}`}`
      return cutLine(
        `running  ${name.padEnd(NAME_WIDTH)} ${clock.padEnd(16)} ${paint(this.#stream, 'dim', why)}`,
        width - 1,
      )
    })
    const back = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : ''
    const text = lines.map((line) => `${line}\n`).join('')
    if (above !== '' || this.#drawn > 0 || lines.length > 0)
      this.#stream.write(`\u001b[?2026h${back}\u001b[0J${above}${text}\u001b[?2026l`)
    this.#drawn = lines.length
  }
}

// Renders the events of a build as text while it runs.
import { printable } from '../../platform/printable.ts'
import { monotonicSeconds } from '../../platform/clock.ts'
import type { BuildEvent, Listener } from '../../events/events.ts'
import { describeReason } from '../../explain/describeReason.ts'
import { paint } from './color.ts'
import { bytes, counted, duration } from '../../platform/units.ts'
import { cutLine, NAME_WIDTH } from './format.ts'
import { Interruption } from './interruption.ts'
import { skippedBecause } from './skipped.ts'

/** Shows the events of a build. */
export interface Progress {
  readonly listener: Listener
  /** Writes a line, above the live lines. */
  say(line: string): void
  /** Writes a line that begins at the left edge, although the terminal may have echoed `^C` before. */
  sayInterrupted(line: string): void
  /** Removes the live lines. */
  close(): void
}

export type Verbosity = 'quiet' | 'normal' | 'verbose'

/** Printed while another build holds the workspace lock. */
export const WAITING = 'waiting for another build of this workspace …'

/**
 * Runs an action and shows its events on standard error, which it opens only when the first event arrives. If `signal`
 * is aborted, a last line says what the action had done until then.
 */
export async function withProgress<Result>(
  {
    quiet,
    verbose,
    signal,
  }: { quiet?: boolean | undefined; verbose?: boolean | undefined; signal?: AbortSignal },
  action: (listener: Listener) => Promise<Result>,
): Promise<Result> {
  const verbosity = quiet ? 'quiet' : verbose ? 'verbose' : 'normal'
  let progress: Progress | undefined
  const opened = (): Progress => (progress ??= progressOn(process.stderr, verbosity))
  const interruption = new Interruption()
  try {
    return await action((event) => {
      opened().listener(event)
      interruption.listener(event)
    })
  } catch (error) {
    if (signal?.aborted && !quiet) opened().sayInterrupted(interruption.summary())
    throw error
  } finally {
    progress?.close()
  }
}

/**
 * Writes a line for each event that a person needs to see. On a terminal it also redraws one line for each running
 * producer.
 */
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
    sayInterrupted: (line) => write(stream.isTTY && !screen ? `\n${line}` : line),
    close: () => screen?.close(),
  }
}

/** A closed terminal must not stop a build. */
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
    return `${paint(stream, 'yellow', 'warning:')} ${printable(event.message)}${event.hint === undefined ? '' : `\n  hint: ${event.hint}`}`
  if (event.type === 'preserved')
    return `${paint(stream, 'yellow', 'preserved')} ${event.path} was modified after it was built: moved to ${event.as}`
  if (verbosity === 'quiet') return undefined
  switch (event.type) {
    case 'waiting':
      return WAITING
    case 'resolving':
      return `resolve  ${name(event.lockfile)} ${dim(`${event.path} is ${event.reason === 'update' ? 'updated' : event.reason}`)}`
    case 'resolved':
      return `resolved ${name(event.lockfile)} ${event.path}: ${counted(event.files, 'file')} in ${duration(event.seconds)}; commit it to keep these versions`
    case 'fetching':
      return `fetch    ${name(event.lockfile)} ${counted(event.files, 'file')}, ${bytes(event.bytes)}`
    case 'fetched':
      return `fetched  ${name(event.lockfile)} ${duration(event.seconds)}`
    case 'running':
      return live ? undefined : `run      ${name(event.artifact)} ${dim(reasonsOf(event))}`
    case 'built':
      return `${paint(stream, 'green', 'built')}    ${name(event.artifact)} ${duration(event.seconds)}${event.changed ? '' : dim('  (identical to the previous output)')}`
    case 'restored':
      return `${paint(stream, 'green', 'restored')} ${name(event.artifact)} ${dim(event.reasons.map(describeReason).join('; '))}`
    case 'rebuilding':
      return live
        ? undefined
        : `rebuild  ${name(event.artifact)} ${dim(`(usually ${duration(event.usualSeconds)})`)}`
    case 'rebuilt':
      return event.outcome === 'same'
        ? `${paint(stream, 'green', 'same')}     ${name(event.artifact)} ${duration(event.seconds)}`
        : `${paint(stream, 'red', event.outcome.padEnd(8))} ${name(event.artifact)} ${duration(event.seconds)}`
    case 'failed':
      return `${paint(stream, 'red', 'failed')}   ${name(event.artifact)} ${printable(event.failure.headline)}`
    case 'cancelled':
      return `${paint(stream, 'yellow', 'cancelled')} ${event.artifact.padEnd(NAME_WIDTH - 1)} ${dim(`after ${duration(event.seconds)}: its inputs changed`)}`
    case 'skipped':
      return `skipped  ${name(event.artifact)} ${dim(skippedBecause(event))}`
    case 'fresh':
      return verbosity === 'verbose' ? dim(`fresh    ${event.artifact}`) : undefined
    case 'collected':
      return dim(
        `removed  ${counted(event.records, 'old record')} and ${counted(event.objects, 'object')} from the store, ${bytes(event.bytes)}`,
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

/** The number of reasons in a line. */
const REASONS = 2

function reasonsOf(event: Extract<BuildEvent, { type: 'running' }>): string {
  const reasons = event.reasons.map(describeReason)
  const more = reasons.length > REASONS ? `; ${reasons.length - REASONS} more` : ''
  const usual = event.usualSeconds === undefined ? '' : ` (usually ${duration(event.usualSeconds)})`
  return `${reasons.slice(0, REASONS).join('; ')}${more}${usual}`
}

/** Milliseconds between two frames. */
const INTERVAL = 100

/** The lines of what runs now, redrawn below everything else (ECMA-48: CUU, ED; DEC private mode 2026). */
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
    switch (event.type) {
      case 'running':
        return this.#start(event.artifact, reasonsOf(event), event.usualSeconds)
      case 'rebuilding':
        return this.#start(event.artifact, 'rebuilding to compare the outputs', event.usualSeconds)
      case 'fetching':
        return this.#start(`↓ ${event.lockfile}`, bytes(event.bytes))
      case 'resolving':
        return this.#start(`? ${event.lockfile}`, event.path)
      case 'built':
      case 'failed':
      case 'cancelled':
      case 'rebuilt':
        return void this.#running.delete(event.artifact)
      case 'fetched':
        return void this.#running.delete(`↓ ${event.lockfile}`)
      case 'resolved':
        return void this.#running.delete(`? ${event.lockfile}`)
      default:
        return undefined
    }
  }

  #start(name: string, why: string, usual?: number): void {
    this.#running.set(name, { since: monotonicSeconds(), usual, why })
  }

  above(line: string): void {
    this.#draw(`${line}\n`)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#running.clear()
    this.#draw('')
  }

  /** The first ones that fit below each other on the terminal: lines that scrolled off it cannot be redrawn. */
  #fitting<Line>(lines: readonly Line[]): readonly Line[] {
    return lines.slice(0, Math.max(1, (this.#stream.rows || 24) - 1))
  }

  #draw(above: string): void {
    const width = this.#stream.columns || 80
    const lines = this.#fitting([...this.#running]).map(([name, { since, usual, why }]) => {
      const elapsed = monotonicSeconds() - since
      const clock = `${duration(elapsed)}${usual === undefined ? '' : ` of ${duration(usual)}`}`
      return cutLine(
        `running  ${name.padEnd(NAME_WIDTH)} ${clock.padEnd(16)} ${paint(this.#stream, 'dim', why)}`,
        width - 1,
      )
    })
    // The cursor may not be at the left edge: the terminal echoes keys that are pressed, such as `^C`.
    const back = this.#drawn > 0 ? `\r\u001b[${this.#drawn}A` : '\r'
    const text = lines.map((line) => `${line}\n`).join('')
    if (above !== '' || this.#drawn > 0 || lines.length > 0)
      this.#stream.write(`\u001b[?2026h${back}\u001b[0J${above}${text}\u001b[?2026l`)
    this.#drawn = lines.length
  }
}

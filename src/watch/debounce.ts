import { monotonicSeconds } from '../platform/clock.ts'
import type { BackendListener } from './backend.ts'

/** Milliseconds without an event after which a burst is over. */
const QUIET = 50
/** Milliseconds after which a burst that does not end is looked at nevertheless. */
const PATIENCE = 1_000
/** How many paths are remembered by name. */
const NAMED = 10
/** So many events may have overflown the kernel's queue, of 16384 (inotify(7), max_queued_events): names are not trusted. */
const MANY = 4_000

/** What happened since somebody looked. */
export interface Burst {
  /** When it began, in {@link monotonicSeconds}. */
  readonly since: number
  readonly paths: readonly string[]
  readonly more: number
  /** Whether directories may have come or gone. */
  readonly entries: boolean
}

/** Collects what a backend tells, until it is taken. */
export class Hints implements BackendListener {
  /** Whether a path is worth a look; all are until it is set. */
  concerns: (path: string) => boolean = () => true
  /** Called with what the backend cannot do. */
  failed: (error: unknown) => void = () => {}
  readonly #paths = new Set<string>()
  #events = 0
  #since: number | undefined
  #latest = 0
  #entries = false
  #wake: (() => void) | undefined

  happened(path: string, entries: boolean): void {
    if (path !== '' && !this.concerns(path)) return
    this.#latest = monotonicSeconds()
    this.#since ??= this.#latest
    this.#events += 1
    this.#entries ||= entries || this.#events > MANY
    if (path !== '') this.#paths.add(path)
    this.#wake?.()
  }

  /** Ends the waiting of {@link burst} as if something had happened. */
  wake(): void {
    this.happened('', true)
  }

  /** Resolves when something has happened and is over, or at the signal. */
  async burst(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake?.()
    signal.addEventListener('abort', stop)
    try {
      while (!signal.aborted) {
        if (this.#since === undefined) {
          await this.#woken()
          continue
        }
        const now = monotonicSeconds()
        const left = QUIET - (now - this.#latest) * 1000
        if (left <= 0 || (now - this.#since) * 1000 > PATIENCE) return
        await this.#woken(left)
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** What happened since it was taken last, or undefined for nothing. */
  take(): Burst | undefined {
    if (this.#since === undefined) return undefined
    const paths = [...this.#paths]
    const burst = {
      since: this.#since,
      paths: paths.slice(0, NAMED),
      more: Math.max(0, paths.length - NAMED),
      entries: this.#entries,
    }
    this.#paths.clear()
    this.#events = 0
    this.#since = undefined
    this.#entries = false
    return burst
  }

  #woken(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(() => this.#wake?.(), milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }
}

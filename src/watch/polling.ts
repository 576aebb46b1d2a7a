// The backend for hosts and file systems that report no changes. It reports a possible change at a fixed interval.
import type { BackendListener, WatchBackend } from './backend.ts'

export const POLLING_SECONDS = 1

export class PollingBackend implements WatchBackend {
  readonly #timer: NodeJS.Timeout

  constructor(listener: BackendListener) {
    this.#timer = setInterval(() => listener.changed('', true), POLLING_SECONDS * 1000)
  }

  async watch(): Promise<void> {}

  async close(): Promise<void> {
    clearInterval(this.#timer)
  }
}

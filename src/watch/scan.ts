import type { BackendListener, WatchBackend } from './backend.ts'

/** Milliseconds between two looks where nothing tells of changes. */
export const SCAN_INTERVAL = 1_000

/** Knows nothing, and has everything looked at again after each interval. */
export class ScanBackend implements WatchBackend {
  readonly #timer: NodeJS.Timeout

  constructor(listener: BackendListener) {
    this.#timer = setInterval(() => listener.happened('', true), SCAN_INTERVAL)
  }

  async watch(): Promise<void> {}

  async close(): Promise<void> {
    clearInterval(this.#timer)
  }
}

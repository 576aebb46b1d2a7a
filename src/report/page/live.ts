// Follows the server of a live page: fetches the data again whenever the server reports a change.
import type { PageData } from '../model.ts'

/**
 * Calls `update` with new data after each change. If the connection ends, `status` receives a text; the browser keeps trying
 * to connect again.
 */
export function followServer(update: (data: PageData) => void, status: (text: string) => void): void {
  const events = new EventSource('events')
  let isFetching = false
  let isStale = false
  const refresh = async (): Promise<void> => {
    isStale = true
    if (isFetching) return
    isFetching = true
    try {
      while (isStale) {
        isStale = false
        const response = await fetch('data')
        if (response.ok) update(await response.json())
      }
    } catch {
      status('not connected')
    } finally {
      isFetching = false
    }
  }
  events.addEventListener('changed', () => void refresh())
  events.addEventListener('error', () => status('watch has ended'))
}

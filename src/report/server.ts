// Serves one live page to this host, and reports changes to it.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'

/** What the server answers. Each is asked for again with every request. */
export interface ServedPage {
  html(): Promise<string>
  /** The data of the page as JSON. */
  data(): Promise<string>
}

/** A running server. */
export interface PageServer {
  /** The address of the page. Only who knows it may read the page. */
  readonly url: string
  /** Reports a change to all open pages. */
  changed(): void
  close(): Promise<void>
}

/** How long changes are collected before they are reported, in milliseconds. */
const COLLECTING = 250

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/**
 * Starts a server on a free port of 127.0.0.1. It answers GET and HEAD below a path with 192 random bits, and only if the
 * header Host names its own address: otherwise a foreign site whose name resolves to 127.0.0.1 (DNS rebinding) could ask.
 * No path leads to a file.
 */
export async function servePage(page: ServedPage): Promise<PageServer> {
  const token = randomBytes(24).toString('base64url')
  const listeners = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    answer(request, response).catch(
      () => response.headersSent || reply(response, 500, 'the page cannot be made'),
    )
  })
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, given = '', name = ''] = /^\/([^/?]*)\/?([^?]*)/.exec(request.url ?? '') ?? []
    if (!hosts.has(request.headers.host ?? '')) return reply(response, 403, 'this host is not served')
    if (!isSame(given, token)) return reply(response, 403, 'the address lacks the token')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return reply(response.setHeader('Allow', 'GET, HEAD'), 405, 'only GET and HEAD are allowed')
    switch (name) {
      case '':
        return send(response, 'text/html; charset=utf-8', await page.html())
      case 'data':
        return send(response, 'application/json', await page.data())
      case 'events':
        return listen(response)
      default:
        return reply(response, 404, 'no such page')
    }
  }
  const listen = (response: ServerResponse): void => {
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream' })
    // A page that connects again may have missed changes.
    response.write('event: changed\ndata:\n\n')
    listeners.add(response)
    response.on('close', () => listeners.delete(response))
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`])
  let timer: NodeJS.Timeout | undefined
  return {
    url: `http://127.0.0.1:${port}/${token}/`,
    changed() {
      timer ??= setTimeout(() => {
        timer = undefined
        for (const response of listeners) response.write('event: changed\ndata:\n\n')
      }, COLLECTING)
    },
    async close() {
      clearTimeout(timer)
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Compares two texts in a time that does not depend on where they differ. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { ...HEADERS, 'Content-Type': type }).end(body)
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

// HTTP servers that play the mirrors of a lockfile, hostile ones included.
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createSocketServer } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server on this host, until the test ends. */
export interface Mirror {
  readonly url: string
  /** The paths of all requests. */
  readonly requests: readonly string[]
}

/** Starts an HTTP server. */
export async function mirror(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Mirror> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    response.on('error', () => {})
    answer(request, response)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: addressOf(server.address()), requests }
}

/** A mirror that has these files, by path. */
export const honest = (files: Readonly<Record<string, string>>): Promise<Mirror> =>
  mirror(({ url = '' }, response) => {
    const content = files[url]
    response.statusCode = content === undefined ? 404 : 200
    response.end(content)
  })

/** Starts a server that does as it likes with each connection. */
export async function rawMirror(connected: (socket: Socket) => void): Promise<Mirror> {
  const sockets = new Set<Socket>()
  const server = createSocketServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    connected(socket)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: addressOf(server.address()), requests: [] }
}

const addressOf = (address: string | AddressInfo | null): string =>
  `http://127.0.0.1:${(address as AddressInfo).port}`

/** Repeats an action until the test ends or it returns false; `milliseconds` apart. */
export function repeatedly(milliseconds: number, action: () => boolean): void {
  const timer = setInterval(() => {
    if (!action()) clearInterval(timer)
  }, milliseconds)
  onTestFinished(() => clearInterval(timer))
}

/** Writes chunks to a stream as fast as its reader takes them, until it is closed. */
export function endlessly(
  to: { write(chunk: string): boolean; on(event: 'drain' | 'close', listener: () => void): unknown },
  chunk: () => string,
): void {
  let isOpen = true
  const more = (): void => {
    while (isOpen && to.write(chunk()));
  }
  to.on('drain', more)
  to.on('close', () => (isOpen = false))
  more()
}

// Tests to whom the server of a live page answers, and what.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { PageServer } from '../../src/report/server.ts'
import { servePage } from '../../src/report/server.ts'

async function served(): Promise<PageServer> {
  let asked = 0
  const server = await servePage({
    html: async () => '<p>page</p>',
    data: async () => JSON.stringify({ asked: (asked += 1) }),
  })
  onTestFinished(() => server.close())
  return server
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Sends a request. Unlike fetch(), it sends any path and Host as they are. */
async function ask(
  url: string,
  {
    path = new URL(url).pathname,
    host,
    method = 'GET',
  }: { path?: string; host?: string; method?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const sent = request({ hostname, port, path, method, ...(host === undefined ? {} : { headers: { host } }) })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body }
}

describe('the server of a live page', () => {
  it('listens on 127.0.0.1 and answers with the page and its current data', async () => {
    const { url } = await served()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/)
    expect(await ask(url)).toMatchObject({ status: 200, body: '<p>page</p>' })
    expect((await ask(`${url}data`)).body).toBe('{"asked":1}')
    expect((await ask(`${url}data`)).body).toBe('{"asked":2}')
  })

  it('answers 403 without the token, with a part of it, with another one, and with one of another server', async () => {
    const { url } = await served()
    const token = new URL(url).pathname.slice(1, -1)
    const other = new URL((await served()).url).pathname
    for (const path of [
      '/',
      '/data',
      '/events',
      `/${token.slice(0, -1)}/`,
      `/${token}x/data`,
      other,
      '//',
      `/?${token}`,
    ])
      expect((await ask(url, { path })).status, path).toBe(403)
  })

  it('answers 403 to a Host that is not its own, also with the token', async () => {
    const { url } = await served()
    const { port } = new URL(url)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${Number(port) + 1}`])
      expect((await ask(url, { host })).status, host).toBe(403)
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`])
      expect((await ask(url, { host })).status, host).toBe(200)
  })

  it('answers 405 to methods that could change something', async () => {
    const { url } = await served()
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect(await ask(url, { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    expect(await ask(url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  it('reads no file, whatever the path', async () => {
    const { url } = await served()
    const { pathname } = new URL(url)
    for (const path of ['etc/passwd', '../../etc/passwd', '..%2f..%2fetc%2fpasswd', 'page.js', 'data/../x'])
      expect((await ask(url, { path: `${pathname}${path}` })).status, path).toBe(404)
  })

  it('forbids other sites to embed, cache or sniff the page, and the page to pass on its address', async () => {
    const { url } = await served()
    expect((await ask(url)).headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
  })

  it('answers 500, without the reason, if the page cannot be made', async () => {
    const server = await servePage({
      html: async () => Promise.reject(new Error('secret')),
      data: async () => '',
    })
    onTestFinished(() => server.close())
    expect(await ask(server.url)).toMatchObject({ status: 500, body: 'the page cannot be made\n' })
  })

  it('reports changes to open pages, and ends their connections when it closes', async () => {
    const server = await served()
    const { hostname, port, pathname } = new URL(server.url)
    const sent = request({ hostname, port, path: `${pathname}events` })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.headers['content-type']).toBe('text/event-stream')
    const chunks = response[Symbol.asyncIterator]()
    const next = async (): Promise<string> => String((await chunks.next()).value)
    expect(await next()).toBe('event: changed\ndata:\n\n')
    server.changed()
    server.changed()
    expect(await next()).toBe('event: changed\ndata:\n\n')
    await server.close()
    await expect(next()).rejects.toThrow('aborted')
    await expect(ask(server.url)).rejects.toThrow('ECONNREFUSED')
  })
})

// Tests that a fetch takes nothing but the pinned bytes from its mirrors, in bounded time and space.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Patience } from '../../src/lockfiles/fetch.ts'
import { fetchFiles } from '../../src/lockfiles/fetch.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { Failure } from '../../src/platform/failure.ts'
import { ObjectStore } from '../../src/store/objects.ts'
import type { LockfileEntry } from '../../src/store/lockfile.ts'
import { endlessly, honest, mirror, rawMirror, repeatedly } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** The content of a package of 1,000 bytes. */
const CONTENT = 'p'.repeat(1000)

const entry = (name: string, content = CONTENT): LockfileEntry => ({
  name,
  package: name,
  version: '1',
  path: `pool/${name}`,
  size: content.length,
  sha256: sha256(content),
})

/** Waits a second for a slow mirror, and does not repeat. */
const SHORT: Patience = { stallSeconds: 1, pauses: [] }

/** An empty cache to fetch into. */
function emptyCache() {
  const cache = temporaryDirectory()
  const objects = new ObjectStore(realDisk, `${cache}/objects`)
  const workspace = { disk: realDisk, objects, env: {}, locations: { cache } }
  const fetched = async (
    mirrors: readonly Mirror[],
    files: readonly LockfileEntry[] = [entry('bash')],
    { patience = SHORT, signal = new AbortController().signal } = {},
  ): Promise<void> => {
    const urls = mirrors.map(({ url }) => url)
    await fetchFiles(workspace, 'debs', files, () => urls, signal, patience)
  }
  const content = (file: LockfileEntry): string | undefined =>
    objects.has(file) ? readFileSync(objects.path(file.sha256), 'utf8') : undefined
  return { cache, fetched, content }
}

/** The failure of a fetch. */
async function failureOf(fetch: Promise<void>): Promise<Failure> {
  const error = await fetch.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Failure) return error
  throw new Error('the fetch did not fail with a Failure', { cause: error })
}

const KINDS: readonly (readonly [string, string | RegExp, () => Promise<Mirror>])[] = [
  [
    'other bytes',
    `sent another file: sha256 ${sha256('q'.repeat(1000))}`,
    () => honest({ '/pool/bash': 'q'.repeat(1000) }),
  ],
  [
    'an endless file',
    'sent more than 1000 bytes',
    () => mirror((_, response) => endlessly(response, () => 'x'.repeat(65_536))),
  ],
  [
    'a file of 400 MB',
    'sent more than 1000 bytes',
    () =>
      mirror((_, response) => {
        response.setHeader('Content-Length', 400_000_000)
        endlessly(response, () => CONTENT)
      }),
  ],
  ['one byte too much', 'sent more than 1000 bytes', () => honest({ '/pool/bash': `${CONTENT}p` })],
  ['one byte too little', 'only 999 of 1000 bytes arrived', () => honest({ '/pool/bash': CONTENT.slice(1) })],
  [
    'a file that breaks off',
    /transfer closed with 900 bytes remaining/,
    () =>
      mirror((_, response) => {
        response.setHeader('Content-Length', 1000)
        response.write(CONTENT.slice(900), () => response.destroy())
      }),
  ],
  [
    'a few bytes at a time',
    /Operation too slow/,
    () => mirror((_, response) => repeatedly(50, () => response.write('p'))),
  ],
  [
    'headers a few bytes at a time',
    /Operation too slow/,
    () =>
      rawMirror((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n')
        repeatedly(50, () => socket.writable && (socket.write('X-Slow: 1\r\n'), true))
      }),
  ],
  [
    'endless headers',
    /./,
    () =>
      rawMirror((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n')
        let count = 0
        endlessly(socket, () => `X-${(count += 1)}: ${'h'.repeat(5000)}\r\n`)
      }),
  ],
  ['no answer', /Operation too slow/, () => rawMirror(() => {})],
  [
    'redirections without end',
    /Maximum \(10\) redirects followed/,
    () =>
      mirror((request, response) => {
        response.writeHead(302, { Location: `${request.url}x` }).end()
      }),
  ],
  [
    'a link to a file of this host',
    /not supported or disabled|Protocol/,
    () => mirror((_, response) => void response.writeHead(302, { Location: 'file:///etc/hostname' }).end()),
  ],
  ['an error', /error: 404/, () => honest({})],
]

describe('a mirror that sends', () => {
  it.each(KINDS)('%s does not prevent the fetch from another mirror', async (_, __, start) => {
    const { fetched, content } = emptyCache()
    await fetched([await start(), await honest({ '/pool/bash': CONTENT })])
    expect(content(entry('bash'))).toBe(CONTENT)
  })

  it.each(KINDS)('%s is named in the error, and nothing of it is stored', async (_, problem, start) => {
    const { cache, fetched, content } = emptyCache()
    const bad = await start()
    const failure = await failureOf(fetched([bad]))
    expect(failure.headline).toBe(`cannot fetch 1 of the files of the lockfile 'debs'`)
    expect(failure.tail).toContain(`bash, ${bad.url}: `)
    expect(failure.tail).toMatch(problem)
    expect(content(entry('bash'))).toBeUndefined()
    expect(existsSync(`${cache}/work/fetch.debs.lock`)).toBe(false)
  })
})

describe('a fetch', () => {
  it('reads little more than the pinned size from a mirror that sends more', async () => {
    let sent = 0
    const flood = await mirror((_, response) =>
      endlessly(response, () => {
        sent += 65_536
        return 'x'.repeat(65_536)
      }),
    )
    await failureOf(emptyCache().fetched([flood]))
    // What the buffers of the kernel hold.
    expect(sent).toBeLessThan(32 * 1024 * 1024)
  })

  it('repeats what may succeed later, and nothing else', async () => {
    const { fetched, content } = emptyCache()
    let asked = 0
    const busy = await mirror((_, response) => {
      asked += 1
      response.statusCode = asked < 3 ? 503 : 200
      response.end(CONTENT)
    })
    const lacking = await honest({})
    await fetched([lacking, busy], [entry('bash')], { patience: { stallSeconds: 1, pauses: [0, 0] } })
    expect(content(entry('bash'))).toBe(CONTENT)
    expect([lacking.requests.length, busy.requests.length]).toEqual([1, 3])
  })

  it('prefers the other mirrors after three failures in a row', async () => {
    const { fetched } = emptyCache()
    const names = Array.from({ length: 60 }, (_, at) => `package-${at}`)
    const contents = names.map((name) => [`/pool/${name}`, name] as const)
    const bad = await honest(Object.fromEntries(contents.map(([path, name]) => [path, name.toUpperCase()])))
    await fetched(
      [bad, await honest(Object.fromEntries(contents))],
      names.map((name) => entry(name, name)),
    )
    // Eight files are fetched concurrently.
    expect(bad.requests.length).toBeGreaterThanOrEqual(3)
    expect(bad.requests.length).toBeLessThanOrEqual(3 + 8)
  })

  it('fetches entries of the same content once', async () => {
    const { fetched, content } = emptyCache()
    const source = await honest({ '/pool/bash': CONTENT, '/pool/sh': CONTENT })
    await fetched([source], [entry('bash'), entry('sh')])
    expect(source.requests).toHaveLength(1)
    expect(content(entry('sh'))).toBe(CONTENT)
  })

  it('stores the files that arrived although another one is missing', async () => {
    const { fetched, content } = emptyCache()
    const source = await honest({ '/pool/bash': CONTENT })
    const failure = await failureOf(fetched([source], [entry('dash', 'dash'), entry('bash')]))
    expect(failure.facts).toEqual([['files', 'dash']])
    expect(content(entry('bash'))).toBe(CONTENT)
  })

  it('ends when it is aborted while a mirror is silent', async () => {
    const controller = new AbortController()
    const silent = await rawMirror(() => controller.abort())
    const { cache, fetched } = emptyCache()
    const patience = { stallSeconds: 600, pauses: [600] }
    await expect(fetched([silent], undefined, { patience, signal: controller.signal })).rejects.toThrow(
      'abort',
    )
    expect(existsSync(`${cache}/work/fetch.debs.lock`)).toBe(false)
  })

  it('ends all transfers when the disk is full', async () => {
    const { cache } = emptyCache()
    const objects = new ObjectStore(realDisk, `${cache}/objects`)
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    const disk = {
      ...realDisk,
      write() {
        throw full
      },
    }
    const silent = await rawMirror(() => {})
    const source = await honest({ '/pool/bash': CONTENT })
    const fetch = fetchFiles(
      { disk, objects, env: {}, locations: { cache } },
      'debs',
      [entry('dash', 'dash'), entry('bash')],
      ({ name }) => [name === 'dash' ? silent.url : source.url],
      new AbortController().signal,
      { stallSeconds: 600, pauses: [] },
    )
    await expect(fetch).rejects.toBe(full)
  })
})

// Tests that a build takes no file of the cache for valid if it is truncated at any length or any byte of it is flipped.
// The output is deleted each time, so that the build reads records, objects and the index. The time decides how many of
// the lengths and bytes are tested.
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sample, SEED } from './support/bounds.ts'
import { Lab } from './support/lab.ts'
import { Model, PLAIN } from './support/model.ts'

const lab = new Lab()
const model = new Model(lab.root, [{ ...PLAIN, files: [0], trees: [0] }])
afterAll(() => lab.end())

const OUTPUT = 'output/a0/first'
let expected = ''

const build = (): ReturnType<Lab['build']> =>
  lab.build({
    graph: model.graph(),
    targets: ['a0'],
    produce: (request, env) => model.produce(request, env),
    // The clock is ahead of the file times, so that the index contains the files.
    now: () => BigInt(Date.now()) * 1_000_000n + 1_000_000_000n,
  })

beforeAll(async () => {
  await build()
  expected = fs.readFileSync(lab.path(OUTPUT), 'utf8')
  const source = fs.readFileSync(lab.path('src/f0'))
  fs.writeFileSync(lab.path('src/f0'), 'another')
  await build()
  fs.writeFileSync(lab.path('src/f0'), source)
  await build()
  const names = fs.readdirSync(lab.path('cache'), { recursive: true, encoding: 'utf8' }).sort()
  for (const name of names) {
    const path = lab.path(`cache/${name}`)
    const stat = fs.statSync(path)
    if (stat.isFile()) originals.set(name, { content: fs.readFileSync(path), mode: stat.mode & 0o777 })
  }
})

/** Every file of the cache after the builds, by its path in the cache. */
const originals = new Map<string, { content: Buffer; mode: number }>()

/** Restores the cache with one damaged file, removes the output, and expects the next build to publish it again. */
async function expectRecovery(damaged: string, content: Uint8Array, what: string): Promise<void> {
  for (const directory of ['cache', 'output']) fs.rmSync(lab.path(directory), { recursive: true })
  for (const [name, file] of originals) {
    const path = lab.path(`cache/${name}`)
    fs.mkdirSync(dirname(path), { recursive: true })
    fs.writeFileSync(path, name === damaged ? content : file.content, { mode: file.mode })
  }
  const { exitCode, artifacts } = await build()
  expect([exitCode, artifacts.length], what).toEqual([0, 1])
  expect(fs.readFileSync(lab.path(OUTPUT), 'utf8'), what).toBe(expected)
}

describe('a damaged file of the cache never causes a wrong output', () => {
  it('in records, objects, index, logs and the needs of the workspace, which the cache contains', () => {
    const directories = [...originals.keys()].map((name) => name.split('/')[0])
    expect([...new Set(directories)]).toEqual(['index', 'log', 'objects', 'records', 'workspace.json'])
    expect(originals.size).toBeGreaterThan(8)
  })

  /** Every byte of the cache. */
  const positions = (): { name: string; content: Buffer; at: number }[] =>
    [...originals].flatMap(([name, { content }]) => [...content.keys()].map((at) => ({ name, content, at })))

  it(`when it is cut at any length (seed ${SEED})`, () =>
    sample('cut files', positions(), 2, ({ name, content, at }) =>
      expectRecovery(name, content.subarray(0, at), `${name} cut at ${at}, seed ${SEED}`),
    ))

  it(`when any byte of it is flipped (seed ${SEED})`, () =>
    sample('flipped bytes', positions(), 2, ({ name, content, at }) => {
      const flipped = Buffer.from(content)
      flipped[at] = (content[at] ?? 0) ^ (1 << (at % 8))
      return expectRecovery(name, flipped, `${name} flipped at ${at}, seed ${SEED}`)
    }))
})

// Cuts every file of the cache at every length and flips every byte of it: a build never takes damage for a valid file.
// The output is deleted each time, so that the build asks records, objects and index.
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
    // Ahead of the files, so that the index remembers their states.
    clock: 1_000_000_000n,
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
    if (stat.isFile()) kept.set(name, { content: fs.readFileSync(path), mode: stat.mode & 0o777 })
  }
})

/** Every file of the cache as the builds left it, by its path in the cache. */
const kept = new Map<string, { content: Buffer; mode: number }>()

/** Puts back the cache with one file damaged, removes the output, and expects the next build to make it. */
async function expectRecovery(damaged: string, content: Uint8Array, what: string): Promise<void> {
  for (const directory of ['cache', 'output']) fs.rmSync(lab.path(directory), { recursive: true })
  for (const [name, file] of kept) {
    const path = lab.path(`cache/${name}`)
    fs.mkdirSync(dirname(path), { recursive: true })
    fs.writeFileSync(path, name === damaged ? content : file.content, { mode: file.mode })
  }
  const { exitCode, artifacts } = await build()
  expect([exitCode, artifacts.length], what).toEqual([0, 1])
  expect(fs.readFileSync(lab.path(OUTPUT), 'utf8'), what).toBe(expected)
}

describe('a damaged file of the cache leads to no wrong output', () => {
  it('in records, objects, the index, its table and logs', () => {
    const directories = [...kept.keys()].map((name) => name.split('/')[0])
    expect([...new Set(directories)]).toEqual(['index', 'log', 'objects', 'records'])
    expect(kept.size).toBeGreaterThan(8)
  })

  it('when it is cut at any length', async () => {
    for (const [name, { content }] of kept)
      for (let length = 0; length < content.length; length += 1)
        await expectRecovery(name, content.subarray(0, length), `${name} cut at ${length}`)
  })

  it('when any byte of it is flipped', async () => {
    for (const [name, { content }] of kept)
      for (const [at, byte] of content.entries()) {
        const flipped = Buffer.from(content)
        flipped[at] = byte ^ (1 << (at % 8))
        await expectRecovery(name, flipped, `${name} flipped at ${at}`)
      }
  })
})

import * as fs from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Lab } from './support/lab.ts'
import { Model, PLAIN } from './support/model.ts'

// Every file that lbuild keeps, cut at every length and with every byte flipped: what is damaged is never taken for
// valid. The output is gone each time, so that records, objects and index all are asked.

const lab = new Lab()
/** Where what lbuild keeps is kept whole. The sources stay where they are: the index is of them there. */
const whole = new Lab()
const model = new Model(lab.root, [{ ...PLAIN, files: [0], trees: [0] }])
afterAll(() => [lab, whole].forEach((one) => one.end()))

const OUTPUT = 'output/a0/first'
let expected = ''

const build = (): ReturnType<Lab['build']> =>
  lab.build({
    graph: model.graph(),
    targets: ['a0'],
    produce: (request, env) => model.produce(request, env),
    // The states of files are old enough to be remembered.
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
  fs.cpSync(lab.path('cache'), whole.path('cache'), { recursive: true })
})

const kept = (): string[] =>
  fs
    .readdirSync(whole.path('cache'), { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(whole.path(`cache/${name}`)).isFile())
    .sort()

const contentOf = (name: string): Buffer => fs.readFileSync(whole.path(`cache/${name}`))

/** What a build makes when one file of the cache is other than it was left. */
async function withFile(name: string, content: Uint8Array, what: string): Promise<void> {
  for (const directory of ['cache', 'output']) fs.rmSync(lab.path(directory), { recursive: true })
  fs.cpSync(whole.path('cache'), lab.path('cache'), { recursive: true })
  fs.chmodSync(lab.path(`cache/${name}`), 0o644)
  fs.writeFileSync(lab.path(`cache/${name}`), content)
  const { exitCode, artifacts } = await build()
  expect([exitCode, artifacts.length], what).toEqual([0, 1])
  expect(fs.readFileSync(lab.path(OUTPUT), 'utf8'), what).toBe(expected)
}

describe('a damaged file of the cache gives no wrong output', () => {
  it('there are records, objects, an index, its table and logs', () => {
    const directories = kept().map((name) => name.split('/')[0])
    expect([...new Set(directories)]).toEqual(['index', 'log', 'objects', 'records'])
    expect(kept().length).toBeGreaterThan(8)
  })

  it('cut at every length', async () => {
    for (const name of kept()) {
      const content = contentOf(name)
      for (let length = 0; length < content.length; length += 1)
        await withFile(name, content.subarray(0, length), `${name} cut at ${length}`)
    }
  })

  it('with every byte flipped', async () => {
    for (const name of kept()) {
      const content = contentOf(name)
      for (let at = 0; at < content.length; at += 1) {
        const flipped = Buffer.from(content)
        flipped[at] = flipped[at]! ^ (1 << (at % 8))
        await withFile(name, flipped, `${name} flipped at ${at}`)
      }
    }
  })
})

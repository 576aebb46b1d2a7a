// Tests that something other than lbuild's file in its cache counts as absent, is reported once and does not fail a build.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { Lab } from '../fuzz/support/lab.ts'
import { artifactNode, graphOf } from '../support/world.ts'
import type { ProducerRequest } from '../../src/sandbox/request.ts'

const GRAPH = graphOf(artifactNode('kernel'), artifactNode('rootfs', ['kernel']))

const produce = ({ inputs, outputs }: ProducerRequest): void => {
  const content = Object.values(inputs).map((path) => fs.readFileSync(path, 'utf8'))
  for (const path of Object.values(outputs)) fs.writeFileSync(path, `made of ${content.join()}`)
}

const labs: Lab[] = []
afterEach(() => labs.splice(0).forEach((lab) => lab.end()))

/** The paths of files below a directory of the cache, in order. */
const filesIn = (lab: Lab, directory: string): readonly string[] =>
  fs
    .readdirSync(lab.path(`cache/${directory}`), { recursive: true, encoding: 'utf8' })
    .map((name) => lab.path(`cache/${directory}/${name}`))
    .filter((path) => fs.statSync(path).isFile())
    .sort()

async function build(lab: Lab): Promise<{ outcomes: readonly string[]; warnings: readonly string[] }> {
  const warnings: string[] = []
  const { exitCode, artifacts } = await lab.build({
    graph: GRAPH,
    targets: ['rootfs'],
    produce,
    listener: (event) => {
      if (event.type === 'warning' && !event.message.includes('unconfined')) warnings.push(event.message)
    },
  })
  expect(exitCode).toBe(0)
  return { outcomes: artifacts.map(({ outcome }) => outcome), warnings }
}

async function built(): Promise<Lab> {
  const lab = new Lab()
  labs.push(lab)
  await build(lab)
  return lab
}

/** What may stand in the place of a file. */
const REPLACEMENTS: Readonly<Record<string, (path: string) => void>> = {
  'an empty directory': (path) => fs.mkdirSync(path),
  'a directory with content': (path) => fs.mkdirSync(`${path}/notes/of mine`, { recursive: true }),
  'a fifo': (path) => execFileSync('mkfifo', [path]),
  'a link to nothing': (path) => fs.symlinkSync('nothing', path),
}

/** The places in a cache, each with whether a build reports something else there by a warning, not by a reason. */
const PLACES: Readonly<Record<string, readonly [find: (lab: Lab) => string, warns: boolean]>> = {
  'a record': [(lab) => filesIn(lab, 'records/rootfs').find((path) => !path.includes('latest'))!, false],
  'the latest record': [(lab) => lab.path('cache/records/kernel/latest.json'), false],
  'an object': [(lab) => filesIn(lab, 'objects')[0]!, false],
  'the index': [(lab) => lab.path('cache/index/index.json'), true],
}

describe.each(Object.entries(PLACES))('in the place of %s', (_, [find, warns]) => {
  it.each(Object.entries(REPLACEMENTS))(
    '%s counts as absent and is reported once',
    async (_name, replace) => {
      const lab = await built()
      const path = find(lab)
      fs.rmSync(path)
      replace(path)
      const next = await build(lab)
      // A reason of a run reports it, or a warning does.
      expect(next.outcomes.some((outcome) => outcome !== 'fresh') || next.warnings.length > 0).toBe(true)
      if (warns)
        expect(next.warnings).toEqual([expect.stringContaining(`${path} is damaged or of another kind`)])
      expect(await build(lab)).toEqual({ outcomes: ['fresh', 'fresh'], warnings: [] })
      expect(fs.readFileSync(lab.path('output/rootfs.img'), 'utf8')).toBe('made of made of ')
      expect(fs.statSync(path).isFile()).toBe(true)
    },
  )
})

describe('a file in the place of a directory', () => {
  it.each(['records', 'records/kernel', 'objects', 'index', 'work', 'log'])(
    '%s is quarantined and reported once',
    async (name) => {
      const lab = await built()
      fs.rmSync(lab.path(`cache/${name}`), { recursive: true, force: true })
      fs.writeFileSync(lab.path(`cache/${name}`), 'a file')
      fs.writeFileSync(lab.path('output/rootfs.img'), 'changed')
      const { warnings } = await build(lab)
      expect(warnings).toEqual([expect.stringContaining(`/cache/${name} is damaged or of another kind`)])
      expect(await build(lab)).toEqual({ outcomes: ['fresh', 'fresh'], warnings: [] })
    },
  )

  it('objects/ab is quarantined, and the object is built again', async () => {
    const lab = await built()
    const directory = filesIn(lab, 'objects')[0]!.split('/').slice(0, -1).join('/')
    fs.rmSync(directory, { recursive: true })
    fs.writeFileSync(directory, 'a file')
    expect((await build(lab)).warnings).toEqual([expect.stringContaining(directory)])
    expect((await build(lab)).outcomes).toEqual(['fresh', 'fresh'])
  })
})

describe('a valid file of another kind', () => {
  it.each([
    ['the latest record', 'a record', 'cache/records/kernel/latest.json', 'records/kernel'],
    ['the latest record', 'the index', 'cache/records/kernel/latest.json', 'index'],
    ['the index', 'a record', 'cache/index/index.json', 'records/kernel'],
  ])('in the place of %s, %s, counts as absent', async (_, _other, place, from) => {
    const lab = await built()
    const source = filesIn(lab, from).find((path) => path !== lab.path(place))!
    fs.copyFileSync(source, lab.path(place))
    const next = await build(lab)
    expect(next.outcomes.includes('restored') || next.warnings.length === 1).toBe(true)
    expect(await build(lab)).toEqual({ outcomes: ['fresh', 'fresh'], warnings: [] })
  })
})

describe('a record with another output than its artifact declares', () => {
  it.each([
    ['another path', { image: { path: 'elsewhere/vmlinuz', published: true } }],
    ['an internal output', { image: { path: 'kernel.img', published: false } }],
    [
      'one output more',
      { image: { path: 'kernel.img', published: true }, map: { path: 'a.map', published: true } },
    ],
  ])('is not used: %s', async (_, outputs) => {
    const lab = await built()
    const graph = graphOf(artifactNode('kernel', [], { outputs }))
    const { artifacts, exitCode } = await lab.build({ graph, targets: ['kernel'], produce })
    expect([exitCode, artifacts[0]?.outcome, artifacts[0]?.reasons]).toEqual([
      0,
      'built',
      [{ kind: 'record-damaged' }],
    ])
  })
})

// Tests what the page of a build contains.
import { describe, expect, it } from 'vitest'
import { buildFromLog } from '../../src/events/buildFromLog.ts'
import type { BuildEvent, BuildNode } from '../../src/events/events.ts'
import type { LoggedBuild } from '../../src/events/loggedBuild.ts'
import type { PageSource } from '../../src/report/pageData.ts'
import { pageData } from '../../src/report/pageData.ts'
import { EVENTS } from '../support/logged.ts'

const ID = '20260131-101502-123-4f2a9c'

/** A build from its events, one each 100 ms. */
const buildOf = (events: readonly BuildEvent[], id = ID): LoggedBuild =>
  buildFromLog(id, {
    lines: events.map((event, at) => ({ at: 1000 + at * 100, t: at * 100, event })),
    complete: true,
  })

const node = (name: string, ...dependencies: readonly string[]): BuildNode => ({
  name,
  dependencies,
  lockfiles: [],
})
const started = (...artifacts: readonly BuildNode[]): BuildEvent => ({
  ...EVENTS.started,
  artifacts,
})
const output = (path: string, size: number, published = true) => ({
  name: 'image',
  path,
  published,
  sha256: 'a'.repeat(64),
  size,
  changed: true,
})
const built = (artifact: string, ...outputs: readonly ReturnType<typeof output>[]): BuildEvent => ({
  type: 'built',
  artifact,
  key: 'k',
  changed: true,
  outputs,
  seconds: 0.1,
})
const running = (artifact: string): BuildEvent => ({
  type: 'running',
  artifact,
  reasons: [{ kind: 'first-build' }],
})
const ended: BuildEvent = { type: 'ended', outcome: 'done', seconds: 1 }

const source = (build: LoggedBuild, more: Partial<PageSource> = {}): PageSource => ({
  title: 'distro',
  at: 0,
  build,
  command: 'lbuild image',
  causes: [],
  history: [build],
  describeOutcome: ({ outcome }) => outcome,
  recordedOutputs: () => [],
  ...more,
})

describe('the page of a build', () => {
  it('contains each artifact and each lockfile with its outcome, and edges that run to the right', async () => {
    const build = buildOf([
      started(
        { ...node('packed'), lockfiles: ['packages'] },
        node('names'),
        node('image', 'packed', 'names'),
      ),
      running('packed'),
      built('packed', output('packed.tar', 5)),
      { type: 'fresh', artifact: 'names', key: 'k', savedSeconds: 3, cutOff: true },
      running('image'),
      built('image', output('tiny.img', 12), output('scratch', 7, false)),
      ended,
    ])
    const { nodes, edges, path } = await pageData(source(build))
    expect(nodes.map(({ kind, name, outcome }) => [kind, name, outcome])).toEqual([
      ['lockfile', 'packages', 'lockfile'],
      ['artifact', 'packed', 'built'],
      ['artifact', 'names', 'fresh'],
      ['artifact', 'image', 'built'],
    ])
    expect(edges.map(({ from, to }) => [from, to])).toEqual([
      [0, 1],
      [1, 3],
      [2, 3],
    ])
    for (const { from, to } of edges) expect(nodes[from]!.x).toBeLessThan(nodes[to]!.x)
    expect(path.map(({ name }) => name)).toEqual(['packed', 'image'])
    expect(nodes.filter(({ critical }) => critical).map(({ name }) => name)).toEqual(['packed', 'image'])
    expect(nodes[2]).toMatchObject({ cutOff: true, savedSeconds: 3 })
    expect(nodes[3]!.outputs.map(({ path: at, size }) => [at, size])).toEqual([
      ['tiny.img', 12],
      ['scratch', 7],
    ])
    expect(nodes[3]!.reasons).toEqual(['first build'])
  })

  it('places no two nodes on each other', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `a${at}`)
    const artifacts = names.map((name, at) =>
      node(name, ...(at < 8 ? [] : [names[at - 8]!, names[(at * 7) % 8]!])),
    )
    const { nodes, width, height } = await pageData(source(buildOf([started(...artifacts), ended])))
    for (const [at, one] of nodes.entries()) {
      expect(one.x).toBeLessThanOrEqual(width)
      expect(one.y).toBeLessThanOrEqual(height)
      for (const other of nodes.slice(at + 1))
        expect(Math.abs(one.x - other.x) >= 184 || Math.abs(one.y - other.y) >= 48).toBe(true)
    }
  })

  it('survives a log whose artifacts depend on themselves, on each other and on missing ones', async () => {
    const build = buildOf([started(node('a', 'b', 'a', 'missing'), node('b', 'a')), ended])
    const { nodes, edges } = await pageData(source(build))
    expect(nodes).toHaveLength(2)
    expect(edges.map(({ from, to }) => [from, to])).toEqual([[0, 1]])
  })

  it('shows the outputs in the record of an artifact that was fresh', async () => {
    const build = buildOf([
      started(node('names')),
      { type: 'fresh', artifact: 'names', key: 'k', savedSeconds: 3, cutOff: false },
      ended,
    ])
    const recorded = { name: 'list', path: 'names.txt', size: 9, published: true, changed: false }
    const { nodes } = await pageData(
      source(build, { recordedOutputs: ({ name }) => (name === 'names' ? [recorded] : []) }),
    )
    expect(nodes[0]!.outputs).toEqual([recorded])
  })

  it('shows the trend of published sizes, and the size of the build before where a build changed nothing', async () => {
    const first = buildOf([started(node('image')), built('image', output('tiny.img', 12)), ended], 'first')
    const second = buildOf(
      [
        started(node('image')),
        { type: 'fresh', artifact: 'image', key: 'k', savedSeconds: 1, cutOff: false },
        ended,
      ],
      'second',
    )
    const third = buildOf(
      [started(node('image')), built('image', output('tiny.img', 20), output('scratch', 3, false)), ended],
      'third',
    )
    const { trends } = await pageData(source(third, { history: [third, second, first] }))
    expect(trends.map(({ id, sizes, built: count, fresh }) => [id, sizes, count, fresh])).toEqual([
      ['first', { 'tiny.img': 12 }, 1, 0],
      ['second', { 'tiny.img': 12 }, 0, 1],
      ['third', { 'tiny.img': 20 }, 1, 0],
    ])
  })

  it('contains the verdict that the plan gave each artifact', async () => {
    const { nodes } = await pageData(source(buildOf([EVENTS.started, EVENTS.explained, ended])))
    const verdicts = new Map(nodes.map(({ kind, name, verdict }) => [`${kind} ${name}`, verdict]))
    for (const { artifact, verdict } of EVENTS.explained.explanation.consequences)
      expect(verdicts.get(`artifact ${artifact}`)).toBe(verdict)
    expect(verdicts.get('artifact names')).toBe('fresh')
  })
})

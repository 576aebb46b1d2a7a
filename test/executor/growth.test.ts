// Tests that the calls of the disk and the decisions of a build grow linearly with the number of artifacts.
import * as fs from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Lab } from '../fuzz/support/lab.ts'
import { artifactNode, graphOf } from '../support/world.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import type { ProducerRequest } from '../../src/sandbox/request.ts'
import type { Snapshot } from '../../src/workspace/snapshot.ts'

const SIZES = [50, 100, 200, 400]
/** The maximum cost of an artifact in the largest graph, relative to the smallest. */
const TOLERANCE = 1.2

interface Cost {
  calls: number
  /** Bytes that the calls read, wrote or listed. */
  bytes: number
  decisions: number
}

let cost: Cost = { calls: 0, bytes: 0, decisions: 0 }

// The planner requests the parts of an artifact's key once per decision.
vi.mock('../../src/workspace/snapshot.ts', async (original) => {
  const module = await original<typeof import('../../src/workspace/snapshot.ts')>()
  return {
    ...module,
    takeSnapshot: async (...args: Parameters<typeof module.takeSnapshot>): Promise<Snapshot> => {
      const snapshot = await module.takeSnapshot(...args)
      return {
        ...snapshot,
        ownParts(node) {
          cost.decisions += 1
          return snapshot.ownParts(node)
        },
      }
    },
  }
})

/** The real disk with counters; it never flushes. */
const countingDisk: Disk = {
  ...realDisk,
  fsync: count(() => {}),
  lstat: count(realDisk.lstat),
  readdir: count((path) => addBytes(realDisk.readdir(path), (names) => names.join(' ').length)),
  readlink: count(realDisk.readlink),
  realpath: count(realDisk.realpath),
  readFile: count((path) => addBytes(realDisk.readFile(path), (content) => content.length)),
  open: count(realDisk.open),
  read: count(realDisk.read),
  write: count((fd, buffer, position) => addBytes(realDisk.write(fd, buffer, position), () => buffer.length)),
  close: count(realDisk.close),
  mkdir: count(realDisk.mkdir),
  rename: count(realDisk.rename),
  unlink: count(realDisk.unlink),
  removeTree: count(realDisk.removeTree),
}

function count<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    cost.calls += 1
    return call(...args)
  }
}

function addBytes<R>(result: R, bytes: (result: R) => number): R {
  cost.bytes += bytes(result)
  return result
}

/** Each artifact has its predecessor as an input; the first has a file. */
const chain = (count: number): Graph =>
  graphOf(
    ...Array.from({ length: count }, (_, at) =>
      at === 0 ? leaf(at) : artifactNode(`a${at}`, [`a${at - 1}`]),
    ),
  )

/** The last artifact has all others as inputs, each of which has a file. */
const wide = (count: number): Graph => {
  const leaves = Array.from({ length: count - 1 }, (_, at) => leaf(at))
  return graphOf(
    ...leaves,
    artifactNode(
      'top',
      leaves.map(({ name }) => name),
    ),
  )
}

const leaf = (at: number): ReturnType<typeof artifactNode> =>
  artifactNode(`a${at}`, [], { inputs: { note: { kind: 'file', path: `src/${at}`, optional: false } } })

/** Writes a digest of all inputs. */
function produce({ inputs, outputs }: ProducerRequest): void {
  const contents = Object.values(inputs).map((path) => fs.readFileSync(path, 'utf8'))
  for (const path of Object.values(outputs)) fs.writeFileSync(path, sha256(contents.join(' ')))
}

const labs: Lab[] = []
afterEach(() => labs.splice(0).forEach((lab) => lab.end()))

/** The cost per artifact of a clean build, of one with nothing to do, and of one after an edit of one file. */
async function costs(graph: Graph): Promise<Readonly<Record<'clean' | 'idle' | 'edited', Cost>>> {
  const lab = new Lab()
  labs.push(lab)
  fs.mkdirSync(lab.path('src'))
  graph.artifacts.forEach((_, at) => fs.writeFileSync(lab.path(`src/${at}`), `note ${at}`))
  const targets = graph.artifacts.slice(-1).map(({ name }) => name)
  const costOf = async (): Promise<Cost> => {
    cost = { calls: 0, bytes: 0, decisions: 0 }
    const { exitCode } = await lab.build({ graph, targets, produce, disk: countingDisk, jobs: 2 })
    expect(exitCode).toBe(0)
    const each = (total: number): number => total / graph.artifacts.length
    return { calls: each(cost.calls), bytes: each(cost.bytes), decisions: each(cost.decisions) }
  }
  const clean = await costOf()
  const idle = await costOf()
  fs.writeFileSync(lab.path('src/0'), 'edited')
  return { clean, idle, edited: await costOf() }
}

describe.each([
  ['chain', chain],
  ['wide graph', wide],
])('a %s', (_, graphOfSize) => {
  it('costs as much per artifact with 400 artifacts as with 50', { timeout: 300_000 }, async () => {
    const measured = []
    for (const size of SIZES) measured.push(await costs(graphOfSize(size)))
    const [smallest] = measured
    for (const larger of measured.slice(1))
      for (const kind of ['clean', 'idle', 'edited'] as const)
        for (const unit of ['calls', 'bytes', 'decisions'] as const)
          expect
            .soft(larger[kind][unit], `${unit} of the ${kind} build`)
            .toBeLessThanOrEqual(TOLERANCE * smallest![kind][unit])
  })
})

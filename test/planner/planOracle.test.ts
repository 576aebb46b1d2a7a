// Compares builds of random graphs, after random edits and losses, with a naive walk over the graph.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { artifactNode, graphOf, param, World } from '../support/world.ts'
import { recordOf } from '../../src/planner/domain.ts'
import type { Part } from '../../src/planner/domain.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

/** Each artifact may depend on those before it. */
const anyGraph = fc
  .tuple(...NAMES.map((_, i) => fc.subarray(NAMES.slice(0, i))))
  .map((dependencies) => dependencies.map((of, i) => [NAMES[i]!, of] as const))

type Step =
  | { readonly type: 'edit'; readonly name: string; readonly value: number }
  | {
      readonly type: 'lose'
      readonly name: string
      readonly loss: 'object' | 'record' | 'damage' | 'latest' | 'output'
    }
  | { readonly type: 'build'; readonly target: string; readonly force: boolean }

const anyName = fc.constantFrom(...NAMES)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('edit'), name: anyName, value: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('lose'),
      name: anyName,
      loss: fc.constantFrom('object', 'record', 'damage', 'latest', 'output'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('build'), target: anyName, force: fc.boolean() }) },
)

/** The output of a producer: two of three values of its param give the same bytes, so that early cutoffs are common. */
const contentOf = (name: string, own: number, dependencies: readonly string[]): string =>
  JSON.stringify([name, own === 2 ? 1 : own, dependencies])

const inputsOf = (name: string, own: number, dependencies: readonly string[]): string =>
  JSON.stringify([name, own, dependencies])

const ownValue = (parts: readonly Part[]): number =>
  parts.flatMap((part) => (part.kind === 'param' && part.name === 'own' ? [Number(part.value)] : []))[0]!
const dependencyDigests = (parts: readonly Part[]): readonly string[] =>
  parts.flatMap((part) => (part.kind === 'output' ? [part.digest] : []))

/** Rebuilds an artifact unless it ran with the same inputs before and its object is in the store. */
class NaiveBuild {
  readonly #dependencies: ReadonlyMap<string, readonly string[]>
  readonly own = new Map(NAMES.map((name) => [name, 0]))
  /** Inputs of each run → the output. */
  readonly runs = new Map<string, string>()
  readonly objects = new Set<string>()
  #done = new Set<string>()
  #ran: string[] = []

  constructor(graph: readonly (readonly [string, readonly string[]])[]) {
    this.#dependencies = new Map(graph)
  }

  inputs(name: string): string {
    return inputsOf(name, this.own.get(name)!, this.#dependencyDigests(name))
  }

  /** The output of a clean build. */
  clean(name: string): string {
    return contentOf(name, this.own.get(name)!, this.#dependencyDigests(name))
  }

  #dependencyDigests(name: string): readonly string[] {
    return this.#dependencies.get(name)!.map((other) => sha256(this.clean(other)))
  }

  build(target: string, force: boolean): readonly string[] {
    this.#done = new Set()
    this.#ran = []
    this.#visit(target, force)
    return this.#ran.toSorted()
  }

  #visit(name: string, force: boolean): void {
    if (this.#done.has(name)) return
    for (const other of this.#dependencies.get(name)!) this.#visit(other, false)
    const inputs = this.inputs(name)
    const output = this.runs.get(inputs)
    if (force || output === undefined || !this.objects.has(sha256(output))) {
      this.#ran.push(name)
      this.runs.set(inputs, this.clean(name))
      this.objects.add(sha256(this.clean(name)))
    }
    this.#done.add(name)
  }
}

it('a build runs the artifacts that a naive walk runs, and its outputs equal those of a clean build', () => {
  fc.assert(
    fc.property(anyGraph, fc.array(anyStep, { minLength: 1, maxLength: 25 }), (shape, steps) => {
      const world = new World(
        graphOf(...shape.map(([name, dependencies]) => artifactNode(name, dependencies))),
      )
      world.content = (name, parts) => contentOf(name, ownValue(parts), dependencyDigests(parts))
      const naive = new NaiveBuild(shape)
      for (const step of steps) {
        if (step.type === 'edit') {
          naive.own.set(step.name, step.value)
          world.own.set(step.name, [world.own.get(step.name)![0]!, param('own', step.value)])
        } else if (step.type === 'lose') lose(world, naive, step)
        else {
          const before = world.plan(step.target)
          world.forced = new Set(step.force ? [step.target] : [])
          const ran = world.build(step.target).toSorted()
          expect(ran).toEqual(naive.build(step.target, step.force))
          for (const { node, key, decision } of before) {
            if (decision.verdict === 'stale' && key !== undefined) expect(ran).toContain(node.name)
            if (decision.verdict === 'fresh' && !step.force) expect(ran).not.toContain(node.name)
          }
          for (const { node, decision } of world.plan(step.target)) {
            expect(decision.verdict).toBe('fresh')
            const output = naive.clean(node.name)
            const file = { state: 'file', sha256: sha256(output), size: output.length }
            expect(world.output(`${node.name}.img`)).toEqual(file)
          }
        }
      }
    }),
    { numRuns: 300 },
  )
})

/** Removes or damages one thing that the next build would use, in the world and in the naive build. */
function lose(world: World, naive: NaiveBuild, { name, loss }: Extract<Step, { type: 'lose' }>): void {
  const key = world.latestKeys.get(name)
  const record = recordOf(world.latest(name))
  if (loss === 'output') world.outputs.delete(`${name}.img`)
  else if (loss === 'latest') world.latestKeys.delete(name)
  else if (record) {
    const digest = record.outputs['image']!.sha256
    if (loss === 'object') {
      world.objects.delete(digest)
      naive.objects.delete(digest)
      return
    }
    const id = `${name}/${key}`
    if (loss === 'record') world.records.delete(id)
    else world.records.set(id, 'damaged')
    naive.runs.delete(inputsOf(name, ownValue(record.parts), dependencyDigests(record.parts)))
  }
}

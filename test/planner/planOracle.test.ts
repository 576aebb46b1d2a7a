import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { artifactNode, graphOf, param, World } from '../support/world.ts'
import { recordOf } from '../../src/planner/types.ts'
import type { Part } from '../../src/planner/types.ts'

// On any graph and after any history of edits and losses, a build runs exactly the artifacts that a naive walk over
// the graph would run, and leaves exactly what a clean build would make.

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

/** Artifact i may depend on those before it. */
const anyGraph = fc
  .tuple(...NAMES.map((_, i) => fc.subarray(NAMES.slice(0, i))))
  .map((dependencies) => dependencies.map((of, i) => [NAMES[i]!, of] as const))

type Step =
  | { readonly what: 'edit'; readonly name: string; readonly value: number }
  | {
      readonly what: 'lose'
      readonly name: string
      readonly which: 'object' | 'record' | 'damage' | 'latest' | 'output'
    }
  | { readonly what: 'build'; readonly target: string; readonly force: boolean }

const anyName = fc.constantFrom(...NAMES)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('edit'), name: anyName, value: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('lose'),
      name: anyName,
      which: fc.constantFrom('object', 'record', 'damage', 'latest', 'output'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('build'), target: anyName, force: fc.boolean() }) },
)

/** What a producer writes: two of three values of an own param give the same bytes, so that cutoffs are common. */
const contentOf = (name: string, own: number, below: readonly string[]): string =>
  JSON.stringify([name, own === 2 ? 1 : own, below])

const seenOf = (name: string, own: number, below: readonly string[]): string =>
  JSON.stringify([name, own, below])

const ownValue = (parts: readonly Part[]): number =>
  parts.flatMap((part) => (part.kind === 'param' && part.name === 'own' ? [Number(part.value)] : []))[0]!
const valuesBelow = (parts: readonly Part[]): readonly string[] =>
  parts.flatMap((part) => (part.kind === 'output' ? [part.digest] : []))

class Naive {
  readonly #below: ReadonlyMap<string, readonly string[]>
  readonly own = new Map(NAMES.map((name) => [name, 0]))
  /** What was seen, and what was made of it. */
  readonly runs = new Map<string, string>()
  readonly objects = new Set<string>()
  #done = new Map<string, string>()
  #ran: string[] = []

  constructor(graph: readonly (readonly [string, readonly string[]])[]) {
    this.#below = new Map(graph)
  }

  seen(name: string): string {
    return seenOf(name, this.own.get(name)!, this.#contentsBelow(name))
  }

  /** What a clean build would make. */
  clean(name: string): string {
    return contentOf(name, this.own.get(name)!, this.#contentsBelow(name))
  }

  #contentsBelow(name: string): readonly string[] {
    return this.#below.get(name)!.map((other) => sha256(this.clean(other)))
  }

  build(target: string, force: boolean): readonly string[] {
    this.#done = new Map()
    this.#ran = []
    this.#bring(target, force)
    return this.#ran.toSorted()
  }

  #bring(name: string, force: boolean): void {
    if (this.#done.has(name)) return
    for (const other of this.#below.get(name)!) this.#bring(other, false)
    const seen = this.seen(name)
    const made = this.runs.get(seen)
    if (force || made === undefined || !this.objects.has(sha256(made))) {
      this.#ran.push(name)
      this.runs.set(seen, this.clean(name))
      this.objects.add(sha256(this.clean(name)))
    }
    this.#done.set(name, seen)
  }
}

it('a build runs what a naive walk runs, and leaves what a clean build makes', () => {
  fc.assert(
    fc.property(anyGraph, fc.array(anyStep, { minLength: 1, maxLength: 25 }), (shape, steps) => {
      const world = new World(graphOf(...shape.map(([name, below]) => artifactNode(name, below))))
      world.content = (name, parts) => contentOf(name, ownValue(parts), valuesBelow(parts))
      const naive = new Naive(shape)
      for (const step of steps) {
        if (step.what === 'edit') {
          naive.own.set(step.name, step.value)
          world.own.set(step.name, [world.own.get(step.name)![0]!, param('own', step.value)])
        } else if (step.what === 'lose') lose(world, naive, step)
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
            const made = naive.clean(node.name)
            const file = { state: 'file', sha256: sha256(made), size: made.length }
            expect(world.output(`${node.name}.img`)).toEqual(file)
          }
        }
      }
    }),
    { numRuns: 300 },
  )
})

/** Loses something of what an artifact would be taken from now, in both worlds. */
function lose(world: World, naive: Naive, { name, which }: Extract<Step, { what: 'lose' }>): void {
  const key = world.latestKeys.get(name)
  const record = recordOf(world.latest(name))
  if (which === 'output') world.outputs.delete(`${name}.img`)
  else if (which === 'latest') world.latestKeys.delete(name)
  else if (record) {
    const digest = record.outputs['image']!.sha256
    if (which === 'object') {
      world.objects.delete(digest)
      naive.objects.delete(digest)
      return
    }
    const lost = `${name}/${key}`
    if (which === 'record') world.records.delete(lost)
    else world.records.set(lost, 'damaged')
    naive.runs.delete(seenOf(name, ownValue(record.parts), valuesBelow(record.parts)))
  }
}

// Compares a plan that follows a build with plans made from scratch.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { IncrementalPlan } from '../../src/planner/incrementalPlan.ts'
import { artifactNode, graphOf, param, World } from '../support/world.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

/** Each artifact may depend on those before it. */
const anyGraph = fc
  .tuple(...NAMES.map((_, position) => fc.subarray(NAMES.slice(0, position))))
  .map((dependencies) =>
    graphOf(...NAMES.map((name, position) => artifactNode(name, dependencies[position]))),
  )

/** A new value of a param, from few values, so that old records are found again. */
const anyEdit = fc.record({ name: fc.constantFrom(...NAMES), value: fc.nat(2) })

const anyBuild = fc.record({
  edits: fc.array(anyEdit, { maxLength: 4 }),
  lostOutputs: fc.subarray(NAMES),
  forced: fc.subarray(NAMES, { maxLength: 2 }),
})

it('equals a plan from scratch after every artifact that finishes', () => {
  fc.assert(
    fc.property(anyGraph, fc.array(anyBuild, { minLength: 1, maxLength: 5 }), (graph, builds) => {
      const world = new World(graph)
      // Two of three values of the param give the same bytes, so that early cutoffs are common.
      world.content = (artifact, parts) =>
        JSON.stringify([
          artifact,
          parts.map((part) =>
            part.kind === 'param'
              ? Math.min(1, Number(part.value))
              : part.kind === 'output'
                ? part.digest
                : 0,
          ),
        ])
      for (const { edits, lostOutputs, forced } of builds) {
        for (const { name, value } of edits)
          world.own.set(
            name,
            (world.own.get(name) ?? []).map((part) => (part.kind === 'param' ? param('own', value) : part)),
          )
        for (const name of lostOutputs) world.outputs.delete(`${name}.img`)
        world.forced = new Set(forced)
        const incremental = new IncrementalPlan(graph, world, world.plan('g'))
        world.finished = (name) => {
          incremental.update(name)
          expect(incremental.whole()).toEqual(world.plan('g'))
        }
        world.build('g')
        expect(incremental.whole()).toEqual(world.plan('g'))
      }
    }),
  )
})

// Tests the critical path against an enumeration of all chains.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/events/criticalPath.ts'
import { criticalPath } from '../../src/events/criticalPath.ts'

/** Each step may depend on steps before it, and on an unknown one. */
const anySteps = fc
  .array(fc.record({ length: fc.nat(5), below: fc.array(fc.nat(8), { maxLength: 4 }) }), { maxLength: 9 })
  .map((all) =>
    all.map(({ length, below }, at): Step => {
      const dependencies = [...new Set(below)].map((other) => (other < at ? `s${other}` : 'elsewhere'))
      return { id: `s${at}`, dependencies, length }
    }),
  )

/** Every chain that ends with a step, in order. */
function chainsTo(step: Step, steps: ReadonlyMap<string, Step>): readonly (readonly Step[])[] {
  const below = step.dependencies.flatMap((id) => steps.get(id) ?? [])
  return [[step], ...below.flatMap((one) => chainsTo(one, steps).map((chain) => [...chain, step]))]
}

const lengthOf = (chain: readonly Step[]): number => chain.reduce((sum, { length }) => sum + length, 0)

describe('the critical path', () => {
  it('is one of the longest chains of dependencies', () => {
    fc.assert(
      fc.property(anySteps, (list) => {
        const steps = new Map(list.map((step) => [step.id, step]))
        const { path, length } = criticalPath(list)
        const longest = Math.max(0, ...list.flatMap((step) => chainsTo(step, steps)).map(lengthOf))
        expect(length).toBe(longest)
        const chain = path.map((id) => steps.get(id)!)
        expect(lengthOf(chain)).toBe(longest)
        for (const [at, step] of chain.entries())
          if (at > 0) expect(step.dependencies).toContain(chain[at - 1]!.id)
      }),
      { numRuns: 2000 },
    )
  })

  it('neither begins nor ends with a step of length 0', () => {
    fc.assert(
      fc.property(anySteps, (list) => {
        const lengths = new Map(list.map(({ id, length }) => [id, length]))
        const { path } = criticalPath(list)
        if (path.length > 0) expect([lengths.get(path[0]!), lengths.get(path.at(-1)!)]).not.toContain(0)
      }),
    )
  })

  it('contains a step of length 0 that connects others', () => {
    const steps: readonly Step[] = [
      { id: 'base', dependencies: [], length: 3 },
      { id: 'other', dependencies: [], length: 2 },
      { id: 'fresh', dependencies: ['base'], length: 0 },
      { id: 'image', dependencies: ['other', 'fresh'], length: 1 },
    ]
    expect(criticalPath(steps)).toEqual({ path: ['base', 'fresh', 'image'], length: 4 })
  })

  it('is empty if no step took time', () => {
    expect(criticalPath([{ id: 'fresh', dependencies: [], length: 0 }])).toEqual({ path: [], length: 0 })
  })
})

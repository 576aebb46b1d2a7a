// Below each cause stands what follows from it alone; a chain goes on only where content can change.
import { sha256 } from '../../src/platform/digest.ts'
import { contentOf } from '../../src/planner/part.ts'
import { describe, expect, it } from 'vitest'
import { analyzeCauses, settleConsequences } from '../../src/planner/causes.ts'
import { consequenceLines } from '../../src/cli/render/consequences.ts'
import type { Explanation } from '../../src/planner/evidence.ts'
import { artifactNode, graphOf, param, World } from '../support/world.ts'
import type { CauseAnalysis } from '../../src/planner/domain.ts'

const GRAPH = graphOf(
  artifactNode('kernel'),
  artifactNode('overlay'),
  artifactNode('initramfs', ['kernel']),
  artifactNode('qcow2', ['initramfs', 'kernel', 'overlay']),
)

function built(): World {
  const world = new World(GRAPH)
  world.build('qcow2')
  return world
}

/** Gives an artifact another value of a param. */
const edit = (world: World, name: string, value: number): void => {
  const [code] = world.own.get(name)!
  world.own.set(name, [code!, param('own', value)])
}

const explanationOf = (explanation: CauseAnalysis): Explanation => ({
  causes: explanation.causes.map((cause) => ({ ...cause, evidence: {} })),
  consequences: explanation.consequences,
  unchanged: { fresh: [], parts: {} },
})

/** The lines below each cause, by the artifact that has the cause. */
function lines(
  explanation: CauseAnalysis,
  outcome?: (name: string) => string,
): Readonly<Record<string, readonly string[]>> {
  const explained = explanationOf(explanation)
  return Object.fromEntries(
    explained.causes.map(({ artifacts: [name], reason }, at) => [
      `${name} ${reason.kind}`,
      consequenceLines(explained, at, { all: true, outcome }).map((line) => line.replaceAll(/ +/g, ' ')),
    ]),
  )
}

describe('what the next build would do', () => {
  it('an own change makes an artifact run, whatever is below it', () => {
    const world = built()
    edit(world, 'kernel', 1)
    edit(world, 'qcow2', 2)
    expect(lines(analyzeCauses(world.plan('qcow2')))).toEqual({
      'kernel changed': [
        '→ kernel runs, about 1.0 s',
        '→ initramfs only if an output of kernel changes, about 1.0 s',
        '→ qcow2 only if an output of kernel or initramfs changes; runs anyway for 2',
      ],
      'qcow2 changed': ['→ qcow2 runs, about 1.0 s'],
    })
  })

  it('an output missing from output/ does not affect its dependents', () => {
    const world = built()
    world.outputs.delete('kernel.img')
    world.outputs.delete('qcow2.img')
    expect(lines(analyzeCauses(world.plan('qcow2')))).toEqual({
      'kernel output-missing': ['→ kernel would be restored from the store'],
      'qcow2 output-missing': ['→ qcow2 would be restored from the store'],
    })
  })

  it('an artifact restored with different content is certain to make its dependents run', () => {
    const world = built()
    edit(world, 'kernel', 1)
    world.build('qcow2')
    edit(world, 'kernel', 0)
    edit(world, 'initramfs', 5)
    const { 'kernel changed': consequences } = lines(analyzeCauses(world.plan('qcow2')))
    expect(consequences).toEqual([
      '→ kernel would be restored from the store',
      '→ initramfs runs, about 1.0 s',
      '→ qcow2 runs, about 1.0 s',
    ])
  })

  it('a lockfile to be resolved makes artifacts run only if it resolves to other downloads', () => {
    const inputs = { packages: { kind: 'downloads', lockfile: 'debs' } } as const
    const world = new World(graphOf(artifactNode('base', [], { inputs }), artifactNode('iso', ['base'])))
    world.lockfiles.set('debs', { state: 'ready', digest: sha256('d1') })
    world.build('iso')
    world.lockfiles.set('debs', { state: 'outdated', path: 'debs.lock', request: [] })
    expect(lines(analyzeCauses(world.plan('iso')))).toEqual({
      'base lockfile': [
        `→ base only if the lockfile 'debs' resolves to other downloads, about 1.0 s`,
        '→ iso only if an output of base changes, about 1.0 s',
      ],
    })
  })

  it('an artifact that was never built is listed once', () => {
    const inputs = { packages: { kind: 'downloads', lockfile: 'debs' } } as const
    const world = new World(graphOf(artifactNode('base', [], { inputs }), artifactNode('iso', ['base'])))
    world.lockfiles.set('debs', { state: 'missing', path: 'debs.lock', request: [] })
    expect(lines(analyzeCauses(world.plan('iso')))).toEqual({
      'base lockfile': ['→ base runs'],
      'base first-build': ['→ base runs', '→ iso runs'],
    })
  })
})

describe('what a past build did', () => {
  /** Builds, with the reasons of each artifact when its turn came, as the log records them. */
  function past(world: World): CauseAnalysis {
    const plan = world.plan('qcow2')
    const explanation = analyzeCauses(plan)
    const ends = new Map<string, { ran: boolean; reasons: readonly never[] }>()
    for (const { node } of plan) {
      const [one] = world.plan(node.name).slice(-1)
      const reasons = one!.decision.verdict === 'fresh' ? [] : one!.decision.reasons
      ends.set(node.name, { ran: world.build(node.name).length > 0, reasons: reasons as readonly never[] })
    }
    return {
      causes: explanation.causes,
      consequences: settleConsequences(explanation, (name) => ends.get(name)),
    }
  }

  it('a cause that was cut off is not credited', () => {
    const world = built()
    // The output of the kernel does not depend on its param.
    world.content = (name, parts) => (name === 'kernel' ? 'same' : JSON.stringify(parts.map(contentOf)))
    edit(world, 'kernel', 1)
    world.build('qcow2')
    edit(world, 'kernel', 2)
    edit(world, 'qcow2', 1)
    const explanation = past(world)
    expect(
      explanation.consequences.map(({ artifact, causes, cutOff }) => [artifact, causes, cutOff]),
    ).toEqual([
      ['kernel', [0], []],
      ['initramfs', [], [0]],
      ['qcow2', [1], [0]],
    ])
    expect(lines(explanation, (name) => (name === 'initramfs' ? 'did not run' : 'ran'))).toEqual({
      'kernel changed': [
        '→ kernel ran',
        '→ initramfs did not run',
        '→ qcow2 not because of this: no output that it reads from kernel or initramfs changed',
      ],
      'qcow2 changed': ['→ qcow2 ran'],
    })
  })

  it('a cause whose change arrived is credited, along every path', () => {
    const world = built()
    edit(world, 'kernel', 1)
    const { consequences } = past(world)
    expect(consequences.map(({ artifact, causes, cutOff }) => [artifact, causes, cutOff])).toEqual([
      ['kernel', [0], []],
      ['initramfs', [0], []],
      ['qcow2', [0], []],
    ])
  })

  it('of two resolved lockfiles, only the one whose downloads changed is credited', () => {
    const inputs = {
      packages: { kind: 'downloads', lockfile: 'debs' },
      modules: { kind: 'downloads', lockfile: 'kernel' },
    } as const
    const world = new World(graphOf(artifactNode('base', [], { inputs })))
    const resolved = (debs: string): void => {
      world.lockfiles.set('debs', { state: 'ready', digest: sha256(debs) })
      world.lockfiles.set('kernel', { state: 'ready', digest: sha256('k1') })
    }
    resolved('d1')
    world.build('base')
    for (const name of ['debs', 'kernel'])
      world.lockfiles.set(name, { state: 'outdated', path: `${name}.lock`, request: [] })
    const { causes, consequences } = analyzeCauses(world.plan('base'))
    resolved('d2')
    const { decision } = world.plan('base')[0]!
    const reasons = decision.verdict === 'fresh' ? [] : decision.reasons
    const settled = settleConsequences({ causes, consequences }, () => ({ ran: true, reasons }))
    const names = (positions: readonly number[]): unknown[] =>
      positions.map((at) => {
        const reason = causes[at]!.reason
        return reason.kind === 'lockfile' && reason.lockfile
      })
    expect(settled.map((one) => [names(one.causes), names(one.cutOff ?? [])])).toEqual([
      [['debs'], ['kernel']],
    ])
  })

  it('an artifact whose turn did not come keeps its planned consequence', () => {
    const world = built()
    edit(world, 'kernel', 1)
    const explanation = analyzeCauses(world.plan('qcow2'))
    expect(settleConsequences(explanation, () => undefined)).toEqual(explanation.consequences)
  })
})

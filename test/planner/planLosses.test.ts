// Tests how the planner decides if records, objects or outputs are missing, damaged or modified.
import { describe, expect, it } from 'vitest'
import type { Digest } from '../../src/platform/digest.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { artifactNode, graphOf, param, World } from '../support/world.ts'
import { builtChain, decisionOf, verdicts } from './support/chain.ts'

describe('a loss in the store', () => {
  const key = (world: World, name: string): Digest => world.latestKeys.get(name)!

  it('runs an artifact whose object is missing', () => {
    const world = builtChain()
    world.objects.delete(world.latestRecord('rootfs').outputs['image']!.sha256)
    expect(decisionOf(world, 'rootfs')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'object-missing', output: 'image' }],
    })
    expect(world.build('iso')).toEqual(['rootfs'])
  })

  it('runs an artifact whose record is damaged, and reports the damage', () => {
    const world = builtChain()
    world.records.set(`rootfs/${key(world, 'rootfs')}`, 'damaged')
    expect(decisionOf(world, 'rootfs')).toEqual({ verdict: 'stale', reasons: [{ kind: 'record-damaged' }] })
    expect(world.build('iso')).toEqual(['rootfs'])
  })

  it('runs an artifact that was built without a sandbox again where there is one, and only there', () => {
    const world = builtChain()
    const name = `rootfs/${key(world, 'rootfs')}`
    world.records.set(name, { ...world.latestRecord('rootfs'), sandboxed: false })
    world.hasSandbox = () => false
    expect(decisionOf(world, 'rootfs')).toMatchObject({ verdict: 'fresh' })
    expect(world.build('iso')).toEqual([])
    world.hasSandbox = () => true
    expect(decisionOf(world, 'rootfs')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'record-unconfined' }],
    })
    expect(world.build('iso')).toEqual(['rootfs'])
    expect(world.build('iso')).toEqual([])
  })

  it('asks for the sandbox only about a record that was made without one', () => {
    const world = builtChain()
    world.hasSandbox = () => {
      throw new Error('no probe is needed')
    }
    expect(world.build('iso')).toEqual([])
  })

  it('runs an artifact whose record is missing, although its output exists', () => {
    const world = builtChain()
    world.records.delete(`rootfs/${key(world, 'rootfs')}`)
    expect(decisionOf(world, 'rootfs')).toEqual({ verdict: 'stale', reasons: [{ kind: 'first-build' }] })
  })

  it('restores an artifact if only the pointer to its latest record is missing', () => {
    const world = builtChain()
    world.latestKeys.delete('rootfs')
    expect(decisionOf(world, 'rootfs')).toEqual({ verdict: 'restorable', reasons: [{ kind: 'record-lost' }] })
    expect(world.build('iso')).toEqual([])
  })

  it('runs an artifact whose current record is missing, although an older one exists', () => {
    const world = builtChain()
    const [code, own] = world.own.get('kernel')!
    const first = key(world, 'kernel')
    world.own.set('kernel', [code!, param('own', 1)])
    world.build('iso')
    world.latestKeys.set('kernel', first)
    world.records.delete(`kernel/${world.plan('kernel')[0]!.key}`)
    expect(decisionOf(world, 'kernel')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'changed', before: own, now: param('own', 1) }],
    })
  })
})

describe('a published output', () => {
  it.each([
    ['is missing', { state: 'missing' }, { kind: 'output-missing', path: 'iso.img' }],
    [
      'is a directory',
      { state: 'other', what: 'a directory' },
      { kind: 'output-changed', path: 'iso.img', what: 'a directory' },
    ],
  ] as const)('%s: it is restored', (_, state, reason) => {
    const world = builtChain()
    world.outputs.set('iso.img', state)
    expect(decisionOf(world, 'iso')).toEqual({ verdict: 'restorable', reasons: [reason] })
    expect(world.build('iso')).toEqual([])
    expect(decisionOf(world, 'iso').verdict).toBe('fresh')
  })

  it('is reported by size or content if it was modified', () => {
    const world = builtChain()
    const { size } = world.latestRecord('iso').outputs['image']!
    world.outputs.set('iso.img', { state: 'file', sha256: sha256('x'), size: size - 1 })
    const what = `${size - 1} bytes where ${size} were built`
    expect(decisionOf(world, 'iso').reasons).toEqual([{ kind: 'output-changed', path: 'iso.img', what }])
    world.outputs.set('iso.img', { state: 'file', sha256: sha256('x'), size })
    expect(decisionOf(world, 'iso').reasons).toEqual([
      { kind: 'output-changed', path: 'iso.img', what: 'other content' },
    ])
  })

  it('may be missing without affecting dependents, which read the store', () => {
    const world = builtChain()
    world.outputs.set('kernel.img', { state: 'missing' })
    expect(verdicts(world)).toEqual({ kernel: 'restorable', rootfs: 'fresh', iso: 'fresh' })
  })

  it('is the only kind that is checked: an internal output is not read', () => {
    const outputs = { image: { path: 'kernel', published: false } }
    const world = new World(graphOf(artifactNode('kernel', [], { outputs })))
    world.output = () => {
      throw new Error('read an internal output')
    }
    world.build('kernel')
    expect(world.plan('kernel')[0]!.decision.verdict).toBe('fresh')
  })
})

// Tests how the planner decides about artifacts whose inputs, code or dependencies changed.
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { artifactNode, graphOf, param, World } from '../support/world.ts'
import { builtChain, CHAIN, decisionOf, verdicts } from './support/chain.ts'

describe('a first build', () => {
  it('runs every artifact after its dependencies', () => {
    const world = new World(CHAIN)
    expect(decisionOf(world, 'kernel')).toEqual({ verdict: 'stale', reasons: [{ kind: 'first-build' }] })
    expect(decisionOf(world, 'rootfs')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'first-build' }, { kind: 'depends', artifact: 'kernel' }],
    })
    expect(world.build('iso')).toEqual(['kernel', 'rootfs', 'iso'])
  })

  it('skips artifacts that no target needs', () => {
    const world = new World(CHAIN)
    expect(world.build('rootfs')).toEqual(['kernel', 'rootfs'])
    expect(world.plan('kernel').map(({ node }) => node.name)).toEqual(['kernel'])
  })

  it('runs an artifact whose output exists already', () => {
    const world = new World(CHAIN)
    world.outputs.set('kernel.img', { state: 'file', sha256: sha256('anything'), size: 8 })
    expect(decisionOf(world, 'kernel').verdict).toBe('stale')
  })
})

describe('after a build', () => {
  it('every artifact is fresh', () => {
    const world = builtChain()
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'fresh', iso: 'fresh' })
    expect(world.build('iso')).toEqual([])
  })

  it('planning twice gives the same plan', () => {
    const world = builtChain()
    world.own.get('kernel')!.push(param('size', 1))
    expect(world.plan('iso')).toEqual(world.plan('iso'))
    expect(verdicts(world)).toEqual({ kernel: 'stale', rootfs: 'undecided', iso: 'undecided' })
  })
})

describe('a part of a key', () => {
  it('is reported with its old and new value if it changed, and if it was added', () => {
    const world = builtChain()
    world.own.set('kernel', [world.own.get('kernel')![0]!, param('own', 1), param('size', 5)])
    expect(decisionOf(world, 'kernel')).toEqual({
      verdict: 'stale',
      reasons: [
        { kind: 'changed', before: param('own', 0), now: param('own', 1) },
        { kind: 'added', now: param('size', 5) },
      ],
    })
    expect(decisionOf(world, 'rootfs')).toEqual({
      verdict: 'undecided',
      reasons: [{ kind: 'depends', artifact: 'kernel' }],
    })
    world.build('iso')
    world.own.get('kernel')!.pop()
    world.records.clear()
    world.latestKeys.delete('rootfs')
    expect(decisionOf(world, 'rootfs').verdict).toBe('stale')
  })

  it('is reported if it was removed', () => {
    const world = builtChain()
    world.own.set('kernel', world.own.get('kernel')!.slice(0, 1))
    expect(decisionOf(world, 'kernel')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'removed', before: param('own', 0) }],
    })
  })

  it('may come from another path: the artifact stays fresh', () => {
    const world = builtChain()
    world.own.set(
      'kernel',
      world.own.get('kernel')!.map((part) => ({ ...part, path: 'elsewhere' })),
    )
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'fresh', iso: 'fresh' })
  })

  it('is reported by module if it is code', () => {
    const before = artifactNode('kernel', [], { modules: ['kernel.ts', 'old.ts', 'same.ts'] })
    const now = { ...before, code: sha256('new'), modules: ['kernel.ts', 'new.ts', 'same.ts'] }
    const modules = { 'kernel.ts': sha256('k1'), 'old.ts': sha256('o'), 'same.ts': sha256('s') }
    const first = new World({ ...graphOf(before), modules })
    first.build('kernel')
    const world = new World({
      ...graphOf(now),
      modules: { 'kernel.ts': sha256('k2'), 'new.ts': sha256('n'), 'same.ts': sha256('s') },
    })
    for (const [key, record] of first.records) world.records.set(key, record)
    for (const [name, key] of first.latestKeys) world.latestKeys.set(name, key)
    const [planned] = world.plan('kernel')
    expect(planned!.decision).toEqual({
      verdict: 'stale',
      reasons: [
        { kind: 'module', module: 'kernel.ts', change: 'changed' },
        { kind: 'module', module: 'new.ts', change: 'added' },
        { kind: 'module', module: 'old.ts', change: 'removed' },
      ],
    })
  })

  it('restores the old outputs without a run if its change is reverted', () => {
    const world = builtChain()
    const [code, own] = world.own.get('kernel')!
    world.own.set('kernel', [code!, param('own', 1)])
    expect(world.build('iso')).toEqual(['kernel', 'rootfs', 'iso'])
    world.own.set('kernel', [code!, own!])
    expect(decisionOf(world, 'kernel')).toEqual({
      verdict: 'restorable',
      reasons: [{ kind: 'changed', before: param('own', 1), now: param('own', 0) }],
    })
    expect(verdicts(world)).toEqual({ kernel: 'restorable', rootfs: 'restorable', iso: 'restorable' })
    expect(world.build('iso')).toEqual([])
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'fresh', iso: 'fresh' })
  })
})

describe('early cutoff', () => {
  it('leaves dependents fresh if a dependency runs to identical outputs', () => {
    const world = new World(CHAIN)
    world.content = (artifact, parts) => (artifact === 'kernel' ? 'always the same' : JSON.stringify(parts))
    world.build('iso')
    world.own.get('kernel')!.push(param('comment', 'changed'))
    expect(verdicts(world)).toEqual({ kernel: 'stale', rootfs: 'undecided', iso: 'undecided' })
    expect(world.build('iso')).toEqual(['kernel'])
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'fresh', iso: 'fresh' })
  })

  it('does not spare a dependent whose own param changed; both reasons are reported', () => {
    const world = builtChain()
    world.own.get('kernel')!.push(param('size', 1))
    world.own.get('rootfs')!.push(param('label', 'x'))
    expect(decisionOf(world, 'rootfs')).toEqual({
      verdict: 'stale',
      reasons: [
        { kind: 'added', now: param('label', 'x') },
        { kind: 'depends', artifact: 'kernel' },
      ],
    })
    expect(world.build('iso')).toEqual(['kernel', 'rootfs', 'iso'])
  })
})

describe('a forced artifact', () => {
  it('runs once although it is fresh; its dependents stay undecided until it has run', () => {
    const world = builtChain()
    world.forced = new Set(['rootfs'])
    expect(decisionOf(world, 'rootfs')).toEqual({ verdict: 'stale', reasons: [{ kind: 'forced' }] })
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'stale', iso: 'undecided' })
    expect(world.build('iso')).toEqual(['rootfs'])
  })

  it('runs although it could be restored', () => {
    const world = builtChain()
    world.outputs.delete('iso.img')
    world.forced = new Set(['iso'])
    expect(decisionOf(world, 'iso')).toEqual({ verdict: 'stale', reasons: [{ kind: 'forced' }] })
  })

  it('is stale, not undecided, if a dependency runs before it', () => {
    const world = builtChain()
    world.own.get('kernel')!.push(param('size', 1))
    world.forced = new Set(['iso'])
    expect(verdicts(world)).toEqual({ kernel: 'stale', rootfs: 'undecided', iso: 'stale' })
    expect(world.build('iso')).toEqual(['kernel', 'rootfs', 'iso'])
  })
})

describe('a lockfile', () => {
  const inputs = { packages: { kind: 'downloads', lockfile: 'debs' } } as const
  const world = (): World =>
    new World(graphOf(artifactNode('kernel', [], { inputs }), artifactNode('iso', ['kernel'])))

  it.each(['missing', 'outdated'] as const)(
    'leaves an artifact that uses it undecided while it is %s',
    (state) => {
      const resolved = world()
      resolved.lockfiles.set('debs', { state: 'ready', digest: sha256('d1') })
      resolved.build('iso')
      resolved.lockfiles.set('debs', { state, path: 'debs.lock', request: [] })
      const [kernel] = resolved.plan('iso')
      expect(kernel!.key).toBeUndefined()
      expect(kernel!.decision).toEqual({
        verdict: 'undecided',
        reasons: [{ kind: 'lockfile', lockfile: 'debs', state, path: 'debs.lock', changes: [] }],
      })
    },
  )

  it('makes an artifact stale if and only if it pins other downloads', () => {
    const resolved = world()
    resolved.lockfiles.set('debs', { state: 'ready', digest: sha256('d1') })
    resolved.build('iso')
    expect(resolved.build('iso')).toEqual([])
    resolved.lockfiles.set('debs', { state: 'ready', digest: sha256('d2') })
    const before = { kind: 'downloads', name: 'packages', lockfile: 'debs', digest: sha256('d1') }
    expect(resolved.plan('kernel')[0]!.decision).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'changed', before, now: { ...before, digest: sha256('d2') } }],
    })
  })
})

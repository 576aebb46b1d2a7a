import { describe, expect, it } from 'vitest'
import type { Digest } from '../../src/platform/digest.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { artifactNode, graphOf, param, World } from '../support/world.ts'
import type { Planned, Reason } from '../../src/planner/types.ts'

// `plan` is pure: these worlds are in memory, and every reason is compared whole.

const CHAIN = graphOf(
  artifactNode('kernel'),
  artifactNode('rootfs', ['kernel']),
  artifactNode('iso', ['rootfs']),
)

/** A chain of three that was built and is fresh. */
function built(): World {
  const world = new World(CHAIN)
  world.build('iso')
  return world
}

const verdicts = (world: World): Record<string, string> =>
  Object.fromEntries(world.plan('iso').map(({ node, decision }) => [node.name, decision.verdict]))

function decision(world: World, name: string): { verdict: string; reasons: readonly Reason[] } {
  const { decision: found } = world.plan('iso').find(({ node }) => node.name === name) as Planned
  return { verdict: found.verdict, reasons: found.verdict === 'fresh' ? [] : found.reasons }
}

describe('a first build', () => {
  it('runs what depends on nothing, and then what depends on it', () => {
    const world = new World(CHAIN)
    expect(decision(world, 'kernel')).toEqual({ verdict: 'stale', reasons: [{ kind: 'first-build' }] })
    expect(decision(world, 'rootfs')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'first-build' }, { kind: 'depends', artifact: 'kernel' }],
    })
    expect(world.build('iso')).toEqual(['kernel', 'rootfs', 'iso'])
  })

  it('leaves out what the targets do not need', () => {
    const world = new World(CHAIN)
    expect(world.build('rootfs')).toEqual(['kernel', 'rootfs'])
    expect(world.plan('kernel').map(({ node }) => node.name)).toEqual(['kernel'])
  })

  it('an output that already stands there makes nothing fresh', () => {
    const world = new World(CHAIN)
    world.outputs.set('kernel.img', { state: 'file', sha256: sha256('anything'), size: 8 })
    expect(decision(world, 'kernel').verdict).toBe('stale')
  })
})

describe('after a build', () => {
  it('everything is fresh', () => {
    const world = built()
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'fresh', iso: 'fresh' })
    expect(world.build('iso')).toEqual([])
  })

  it('planning changes nothing and says the same again', () => {
    const world = built()
    world.own.get('kernel')!.push(param('size', 1))
    expect(world.plan('iso')).toEqual(world.plan('iso'))
    expect(verdicts(world)).toEqual({ kernel: 'stale', rootfs: 'undecided', iso: 'undecided' })
  })
})

describe('a part that changed, came or went', () => {
  it('is told with what it was and is', () => {
    const world = built()
    world.own.set('kernel', [world.own.get('kernel')![0]!, param('own', 1), param('size', 5)])
    expect(decision(world, 'kernel')).toEqual({
      verdict: 'stale',
      reasons: [
        { kind: 'changed', before: param('own', 0), now: param('own', 1) },
        { kind: 'added', now: param('size', 5) },
      ],
    })
    expect(decision(world, 'rootfs')).toEqual({
      verdict: 'undecided',
      reasons: [{ kind: 'depends', artifact: 'kernel' }],
    })
    world.build('iso')
    world.own.get('kernel')!.pop()
    world.records.clear()
    world.latestKeys.delete('rootfs')
    expect(decision(world, 'rootfs').verdict).toBe('stale')
  })

  it('that went is told, too', () => {
    const world = built()
    world.own.set('kernel', world.own.get('kernel')!.slice(0, 1))
    expect(decision(world, 'kernel')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'removed', before: param('own', 0) }],
    })
  })

  it('only where it comes from: nothing runs', () => {
    const world = built()
    world.own.set(
      'kernel',
      world.own.get('kernel')!.map((part) => ({ ...part, path: 'elsewhere' })),
    )
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'fresh', iso: 'fresh' })
  })

  it('changed code is told by the modules that changed', () => {
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

  it('and changed back: restored from the store, nothing runs', () => {
    const world = built()
    const [code, own] = world.own.get('kernel')!
    world.own.set('kernel', [code!, param('own', 1)])
    expect(world.build('iso')).toEqual(['kernel', 'rootfs', 'iso'])
    world.own.set('kernel', [code!, own!])
    expect(decision(world, 'kernel')).toEqual({
      verdict: 'restorable',
      reasons: [{ kind: 'changed', before: param('own', 1), now: param('own', 0) }],
    })
    expect(verdicts(world)).toEqual({ kernel: 'restorable', rootfs: 'restorable', iso: 'restorable' })
    expect(world.build('iso')).toEqual([])
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'fresh', iso: 'fresh' })
  })
})

describe('early cutoff', () => {
  it('a dependency that ran to the same content leaves its dependents fresh', () => {
    const world = new World(CHAIN)
    world.content = (artifact, parts) => (artifact === 'kernel' ? 'always the same' : JSON.stringify(parts))
    world.build('iso')
    world.own.get('kernel')!.push(param('comment', 'changed'))
    expect(verdicts(world)).toEqual({ kernel: 'stale', rootfs: 'undecided', iso: 'undecided' })
    expect(world.build('iso')).toEqual(['kernel'])
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'fresh', iso: 'fresh' })
  })

  it('its own change makes a dependent run all the same, and both reasons are told', () => {
    const world = built()
    world.own.get('kernel')!.push(param('size', 1))
    world.own.get('rootfs')!.push(param('label', 'x'))
    expect(decision(world, 'rootfs')).toEqual({
      verdict: 'stale',
      reasons: [
        { kind: 'added', now: param('label', 'x') },
        { kind: 'depends', artifact: 'kernel' },
      ],
    })
    expect(world.build('iso')).toEqual(['kernel', 'rootfs', 'iso'])
  })
})

describe('forced', () => {
  it('runs once although it is fresh, and what depends on it waits for its content', () => {
    const world = built()
    world.forced = new Set(['rootfs'])
    expect(decision(world, 'rootfs')).toEqual({ verdict: 'stale', reasons: [{ kind: 'forced' }] })
    expect(verdicts(world)).toEqual({ kernel: 'fresh', rootfs: 'stale', iso: 'undecided' })
    expect(world.build('iso')).toEqual(['rootfs'])
  })

  it('runs although it could be restored', () => {
    const world = built()
    world.outputs.delete('iso.img')
    world.forced = new Set(['iso'])
    expect(decision(world, 'iso')).toEqual({ verdict: 'stale', reasons: [{ kind: 'forced' }] })
  })

  it('above what runs: it is sure to run, once that is done', () => {
    const world = built()
    world.own.get('kernel')!.push(param('size', 1))
    world.forced = new Set(['iso'])
    expect(verdicts(world)).toEqual({ kernel: 'stale', rootfs: 'undecided', iso: 'stale' })
    expect(world.build('iso')).toEqual(['kernel', 'rootfs', 'iso'])
  })
})

describe('a lock', () => {
  const inputs = { packages: { kind: 'downloads', lock: 'debs' } } as const
  const world = (): World =>
    new World(graphOf(artifactNode('kernel', [], { inputs }), artifactNode('iso', ['kernel'])))

  it.each(['missing', 'outdated'] as const)(
    'that is %s: whether what takes it runs is open until it is resolved',
    (state) => {
      const one = world()
      one.lockfiles.set('debs', { state: 'ready', digest: sha256('d1') })
      one.build('iso')
      one.lockfiles.set('debs', { state, path: 'debs.lock', request: [] })
      const [kernel] = one.plan('iso')
      expect(kernel!.key).toBeUndefined()
      expect(kernel!.decision).toEqual({
        verdict: 'undecided',
        reasons: [{ kind: 'lockfile', lockfile: 'debs', state, path: 'debs.lock', changes: [] }],
      })
    },
  )

  it('that names other files is a changed part, and one that names the same files is none', () => {
    const one = world()
    one.lockfiles.set('debs', { state: 'ready', digest: sha256('d1') })
    one.build('iso')
    expect(one.build('iso')).toEqual([])
    one.lockfiles.set('debs', { state: 'ready', digest: sha256('d2') })
    const before = { kind: 'downloads', name: 'packages', lockfile: 'debs', digest: sha256('d1') }
    expect(one.plan('kernel')[0]!.decision).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'changed', before, now: { ...before, digest: sha256('d2') } }],
    })
  })
})

describe('what was lost', () => {
  const key = (world: World, name: string): Digest => world.latestKeys.get(name)!

  it('the object of an output: its artifact runs', () => {
    const world = built()
    world.objects.delete(world.latestRecord('rootfs').outputs['image']!.sha256)
    expect(decision(world, 'rootfs')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'object-missing', output: 'image' }],
    })
    expect(world.build('iso')).toEqual(['rootfs'])
  })

  it('a damaged record is none, and is told', () => {
    const world = built()
    world.records.set(`rootfs/${key(world, 'rootfs')}`, 'damaged')
    expect(decision(world, 'rootfs')).toEqual({ verdict: 'stale', reasons: [{ kind: 'record-damaged' }] })
    expect(world.build('iso')).toEqual(['rootfs'])
  })

  it('a record that is gone: never fresh, though the output is there', () => {
    const world = built()
    world.records.delete(`rootfs/${key(world, 'rootfs')}`)
    expect(decision(world, 'rootfs')).toEqual({ verdict: 'stale', reasons: [{ kind: 'first-build' }] })
  })

  it('only the word of which record was published last: the outputs are taken as they are', () => {
    const world = built()
    world.latestKeys.delete('rootfs')
    expect(decision(world, 'rootfs')).toEqual({ verdict: 'restorable', reasons: [{ kind: 'record-lost' }] })
    expect(world.build('iso')).toEqual([])
  })

  it('the record of now, while one of before is there', () => {
    const world = built()
    const [code, own] = world.own.get('kernel')!
    const first = key(world, 'kernel')
    world.own.set('kernel', [code!, param('own', 1)])
    world.build('iso')
    world.latestKeys.set('kernel', first)
    world.records.delete(`kernel/${world.plan('kernel')[0]!.key}`)
    expect(decision(world, 'kernel')).toEqual({
      verdict: 'stale',
      reasons: [{ kind: 'changed', before: own, now: param('own', 1) }],
    })
  })
})

describe('an output that is not what was built', () => {
  it.each([
    ['is missing', { state: 'missing' }, { kind: 'output-missing', path: 'iso.img' }],
    [
      'is a directory',
      { state: 'other', what: 'a directory' },
      { kind: 'output-changed', path: 'iso.img', what: 'a directory' },
    ],
  ] as const)('%s: restored', (_, state, reason) => {
    const world = built()
    world.outputs.set('iso.img', state)
    expect(decision(world, 'iso')).toEqual({ verdict: 'restorable', reasons: [reason] })
    expect(world.build('iso')).toEqual([])
    expect(decision(world, 'iso').verdict).toBe('fresh')
  })

  it('differs in size or in content', () => {
    const world = built()
    const { size } = world.latestRecord('iso').outputs['image']!
    world.outputs.set('iso.img', { state: 'file', sha256: sha256('x'), size: size - 1 })
    const what = `${size - 1} bytes where ${size} were built`
    expect(decision(world, 'iso').reasons).toEqual([{ kind: 'output-changed', path: 'iso.img', what }])
    world.outputs.set('iso.img', { state: 'file', sha256: sha256('x'), size })
    expect(decision(world, 'iso').reasons).toEqual([
      { kind: 'output-changed', path: 'iso.img', what: 'other content' },
    ])
  })

  it('of a dependency does not touch its dependents: they take it from the store', () => {
    const world = built()
    world.outputs.set('kernel.img', { state: 'missing' })
    expect(verdicts(world)).toEqual({ kernel: 'restorable', rootfs: 'fresh', iso: 'fresh' })
  })

  it('of an output that is not published: nobody looks for it', () => {
    const outputs = { image: { path: 'kernel', published: false } }
    const world = new World(graphOf(artifactNode('kernel', [], { outputs })))
    world.output = () => {
      throw new Error('looked')
    }
    world.build('kernel')
    expect(world.plan('kernel')[0]!.decision.verdict).toBe('fresh')
  })
})

// Tests the order of the graph, the error of a cycle, and corrections of misspelt names.
import { describe, expect, it } from 'vitest'
import { Failure } from '../../src/platform/failure.ts'
import { closure, dependenciesOf, inOrder } from '../../src/graph/graph.ts'
import { editDistance, nearest, suggestion } from '../../src/graph/names.ts'
import { artifactNode, graphOf } from '../support/world.ts'

describe('the graph', () => {
  const diamond = graphOf(
    artifactNode('iso', ['rootfs', 'initramfs']),
    artifactNode('initramfs', ['kernel']),
    artifactNode('rootfs', ['kernel']),
    artifactNode('kernel'),
    artifactNode('alone'),
  )
  const names = (targets: readonly string[]): string[] => closure(diamond, targets).map(({ name }) => name)

  it('lists every artifact after its dependencies', () => {
    const order = diamond.artifacts.map(({ name }) => name)
    for (const node of diamond.artifacts)
      for (const dependency of dependenciesOf(node))
        expect(order.indexOf(dependency)).toBeLessThan(order.indexOf(node.name))
    expect(order.toSorted()).toEqual(['alone', 'initramfs', 'iso', 'kernel', 'rootfs'])
  })

  it('has a closure of its targets that lists each artifact once', () => {
    expect(names(['rootfs'])).toEqual(['kernel', 'rootfs'])
    expect(names(['iso', 'kernel', 'iso']).toSorted()).toEqual(['initramfs', 'iso', 'kernel', 'rootfs'])
    expect(names(['alone'])).toEqual(['alone'])
  })

  it('counts an artifact once as a dependency even if two of its outputs are inputs', () => {
    const inputs = {
      a: { kind: 'output', artifact: 'kernel', output: 'image' },
      b: { kind: 'output', artifact: 'kernel', output: 'modules' },
    } as const
    expect(dependenciesOf(artifactNode('x', [], { inputs }))).toEqual(['kernel'])
  })
})

describe('a cycle', () => {
  const cycleOf = (...nodes: ReturnType<typeof artifactNode>[]): unknown => {
    try {
      inOrder(nodes)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      expect(error.exitCode).toBe(2)
      return error.facts
    }
    return 'no error'
  }

  it('is reported without the artifacts that only lead to it', () =>
    expect(
      cycleOf(
        artifactNode('top', ['a']),
        artifactNode('a', ['b']),
        artifactNode('b', ['c']),
        artifactNode('c', ['a']),
      ),
    ).toEqual([['cycle', 'a → b → c → a']]))

  it('is reported if an artifact depends on itself', () =>
    expect(cycleOf(artifactNode('a', ['a']))).toEqual([['cycle', 'a → a']]))

  it('is not reported for two paths to the same artifact', () =>
    expect(cycleOf(artifactNode('a', ['b', 'c']), artifactNode('b', ['c']), artifactNode('c'))).toBe(
      'no error',
    ))
})

describe('a misspelt name', () => {
  const known = ['kernel', 'rootfs', 'initramfs', 'iso', 'qcow2']

  it.each([
    ['qcow', 'qcow2'],
    ['ROOTFS', 'rootfs'],
    ['kernle', 'kernel'],
    ['initrams', 'initramfs'],
    ['is', 'iso'],
    ['ios', 'iso'],
  ])('%s is corrected to %s', (word, correction) => expect(nearest(word, known)).toBe(correction))

  it('is answered with all names if none is similar', () => {
    expect(nearest('documentation', known)).toBeUndefined()
    expect(nearest('foo', known)).toBeUndefined()
    expect(suggestion('documentation', known)).toBe('choose one of: kernel, rootfs, initramfs, iso, qcow2')
    expect(suggestion('qcow', known)).toBe("did you mean 'qcow2'?")
  })

  it('is answered with the place of declarations if there are no names', () => {
    expect(suggestion('qcow2', [])).toBe('declare it in build.config.ts')
  })

  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['abcd', 'badc', 2],
  ])("the distance of '%s' and '%s' is %i", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance)
    expect(editDistance(b, a)).toBe(distance)
  })
})

import { describe, expect, it } from 'vitest'
import { Failure } from '../../src/platform/failure.ts'
import { closure, dependenciesOf, inOrder } from '../../src/graph/graph.ts'
import { editDistance, nearest, suggestion } from '../../src/graph/names.ts'
import { artifactNode, graphOf } from '../support/world.ts'

describe('the graph stands in order', () => {
  const diamond = graphOf(
    artifactNode('iso', ['rootfs', 'initramfs']),
    artifactNode('initramfs', ['kernel']),
    artifactNode('rootfs', ['kernel']),
    artifactNode('kernel'),
    artifactNode('alone'),
  )
  const names = (targets: readonly string[]): string[] => closure(diamond, targets).map(({ name }) => name)

  it('every artifact behind what it depends on', () => {
    const order = diamond.artifacts.map(({ name }) => name)
    for (const node of diamond.artifacts)
      for (const dependency of dependenciesOf(node))
        expect(order.indexOf(dependency)).toBeLessThan(order.indexOf(node.name))
    expect(order.toSorted()).toEqual(['alone', 'initramfs', 'iso', 'kernel', 'rootfs'])
  })

  it('and only what is below the targets is taken, once', () => {
    expect(names(['rootfs'])).toEqual(['kernel', 'rootfs'])
    expect(names(['iso', 'kernel', 'iso']).toSorted()).toEqual(['initramfs', 'iso', 'kernel', 'rootfs'])
    expect(names(['alone'])).toEqual(['alone'])
  })

  it('an artifact that takes two outputs of another depends on it once', () => {
    const inputs = {
      a: { kind: 'output', artifact: 'kernel', output: 'image' },
      b: { kind: 'output', artifact: 'kernel', output: 'modules' },
    } as const
    expect(dependenciesOf(artifactNode('x', [], { inputs }))).toEqual(['kernel'])
  })
})

describe('a circle is an error that shows the way round', () => {
  const circleOf = (...nodes: ReturnType<typeof artifactNode>[]): unknown => {
    try {
      inOrder(nodes)
    } catch (error) {
      expect(error).toBeInstanceOf(Failure)
      expect((error as Failure).exitCode).toBe(2)
      return (error as Failure).facts
    }
    return 'no error'
  }

  it('without the artifacts that only lead to it', () =>
    expect(
      circleOf(
        artifactNode('top', ['a']),
        artifactNode('a', ['b']),
        artifactNode('b', ['c']),
        artifactNode('c', ['a']),
      ),
    ).toEqual([['cycle', 'a → b → c → a']]))

  it('of one artifact', () => expect(circleOf(artifactNode('a', ['a']))).toEqual([['cycle', 'a → a']]))

  it('but two ways to one artifact are none', () =>
    expect(circleOf(artifactNode('a', ['b', 'c']), artifactNode('b', ['c']), artifactNode('c'))).toBe(
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
  ])('%s is near %s', (word, near) => expect(nearest(word, known)).toBe(near))

  it('that is far from all is answered with what there is', () => {
    expect(nearest('documentation', known)).toBeUndefined()
    expect(nearest('foo', known)).toBeUndefined()
    expect(suggestion('documentation', known)).toBe('choose one of: kernel, rootfs, initramfs, iso, qcow2')
    expect(suggestion('qcow', known)).toBe("did you mean 'qcow2'?")
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

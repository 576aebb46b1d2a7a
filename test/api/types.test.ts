// Tests that reading an undeclared name is a type error for a producer, by the types of the public API.
import { expect, it } from 'vitest'
import { artifact, lockfile, text } from '../../src/api/index.ts'

it('an undeclared param, input, output and tool of a producer are type errors', () => {
  const declared = artifact('image', {
    params: { hostname: text('edge') },
    tools: ['cp'],
    outputs: { o: 'o' },
    async produce({ params, inputs, outputs, run }) {
      void [params.hostname, outputs.o]
      // @ts-expect-error -- not declared
      void params.hostnme
      // @ts-expect-error -- not declared
      void inputs.src
      // @ts-expect-error -- not declared
      void outputs.p
      // @ts-expect-error -- not declared
      await run('mv', [])
    },
    verify({ params }) {
      // @ts-expect-error -- not declared
      void params.hostnme
    },
  })
  expect(declared.name).toBe('image')
})

it('an undeclared param of a resolver and of mirrors is a type error', () => {
  const declared = lockfile('debs', {
    path: 'debs.lock',
    inputs: {},
    params: { suite: text('stable') },
    tools: [],
    async resolve({ params }) {
      // @ts-expect-error -- not declared
      void params.siute
      return []
    },
    // @ts-expect-error -- not declared
    mirrors: (params) => [params.mirror],
  })
  expect(declared.name).toBe('debs')
})

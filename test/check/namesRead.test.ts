// Tests which names a function is found to read, and when lbuild does not know.
import { describe, expect, it } from 'vitest'
import type { Group } from '../../src/check/namesRead.ts'
import { namesRead } from '../../src/check/namesRead.ts'

/** What a function reads, as `group.name`, sorted. */
const readsOf = (text: string, takes?: Group): readonly string[] =>
  namesRead(text, takes)
    .reads.map(({ group, name }) => `${group}.${name}`)
    .sort()

const openIn = (text: string): readonly Group[] => [...namesRead(text).open].sort()

describe('a name is read', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['by a member', '({ params }) => params.a', ['params.a']],
    ['by an optional member', '({ params }) => params?.a', ['params.a']],
    ['by a text', "({ params }) => params['a-b'] + params[`c`]", ['params.a-b', 'params.c']],
    [
      'in a method',
      'async produce({ inputs, outputs }) { f(inputs.a, outputs.b) }',
      ['inputs.a', 'outputs.b'],
    ],
    ['in a function', 'async function produce({ inputs }) { await f(inputs.a) }', ['inputs.a']],
    ['under another name', '({ params: p }) => p.a', ['params.a']],
    ['by a nested pattern', '({ params: { a, b: { c } = {} } }) => 0', ['params.a', 'params.b']],
    ['from the context', '(context) => context.params.a + context["inputs"].b', ['inputs.b', 'params.a']],
    ['from a rest of the context', '({ run, ...rest }) => rest.params.a', ['params.a']],
    [
      'by a pattern in the body',
      '(c) => { const { params, outputs: { b } } = c; params.a }',
      ['outputs.b', 'params.a'],
    ],
    ['by an alias', '({ params }) => { const p = params; return p.a }', ['params.a']],
    ['in an inner function', '({ params }) => [1].map(() => params.a)', ['params.a']],
    ['by running a tool', "async ({ run }) => { await run('tar', []) }", ['tools.tar']],
  ])('%s', (_, text, names) => {
    expect(readsOf(text)).toEqual(names)
    expect(openIn(text)).toEqual([])
  })

  it('by a function whose argument are the params', () => {
    expect(readsOf('(params, file) => [params.mirror, file.path]', 'params')).toEqual(['params.mirror'])
  })

  it('at an offset of its text', () => {
    for (const text of ['({ params }) => params.abc', 'produce({ params }) { params.abc }']) {
      const [read] = namesRead(text).reads
      expect(text.slice(read?.offset)).toMatch(/^abc/)
    }
  })
})

describe('further names may be read', () => {
  it.each<readonly [string, string, readonly Group[]]>([
    ['if a member is computed', '({ params }) => params[f()]', ['params']],
    ['if a group is passed on', '({ params, inputs }) => f(params, inputs.a)', ['params']],
    ['if a group is spread', '({ params }) => ({ ...params })', ['params']],
    ['if a group is put into an object', '({ inputs }) => f({ inputs })', ['inputs']],
    ['if a pattern has a rest', '({ params: { a, ...rest } }) => 0', ['params']],
    ['if a pattern is computed', '({ params: { [f()]: a } }) => 0', ['params']],
    ['if the context is passed on', '(context) => f(context)', ['inputs', 'outputs', 'params', 'tools']],
    [
      'if the arguments are passed on',
      'function () { f(arguments) }',
      ['inputs', 'outputs', 'params', 'tools'],
    ],
    ['if there are rest parameters', '(...all) => f(all)', ['inputs', 'outputs', 'params', 'tools']],
    ['if a variable is assigned', '({ params }) => { params = f(); params.a }', ['params']],
    ['if two variables have one name', '({ params }) => { params.a; f((params) => params.b) }', ['params']],
    ['if run is passed on', '({ run }) => f(run)', ['tools']],
    ['if a method of the object is called', "({ params }) => params.hasOwnProperty('a')", ['params']],
    ['if a member is written', '({ params }) => { params.a = 1 }', ['params']],
    [
      'if the function is native',
      Function.prototype.toString.call(Math.max),
      ['inputs', 'outputs', 'params', 'tools'],
    ],
  ])('%s', (_, text, open) => {
    expect(openIn(text)).toEqual(open)
  })

  it('but certain reads are still found', () => {
    expect(readsOf('({ params }) => f(params, params.a)')).toEqual(['params.a'])
  })
})

describe('another variable of the same name is not taken for', () => {
  it('a parameter', () => {
    expect(readsOf('({ params }) => f((params) => params.b)')).toEqual([])
  })

  it('an alias of an inner block', () => {
    const text = '({ params }) => { { const p = params; p.a } p.b }'
    expect(readsOf(text)).toEqual(['params.a'])
    expect(readsOf(text.replace('const', 'var'))).toEqual(['params.a', 'params.b'])
  })
})

it('a function without a parameter reads nothing', () => {
  expect(namesRead('() => {}')).toMatchObject({ reads: [], open: new Set() })
})

it('a group that is tested with in is noted', () => {
  expect(namesRead("({ params }) => 'a' in params ? params.a : 0").tested).toEqual(new Set(['params']))
})

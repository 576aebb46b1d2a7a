// Tests how params are parsed and set, by profiles and on the command line.
import { describe, expect, it } from 'vitest'
import type { Json, Param } from '../../src/api/params.ts'
import { choice, data, flag, integer, parseParam, parseSize, size, text } from '../../src/api/params.ts'
import { Failure } from '../../src/platform/failure.ts'
import type { Overrides } from '../../src/graph/params.ts'
import { paramNames, withParams, withProfile } from '../../src/graph/params.ts'
import { paramValues } from '../../src/graph/graph.ts'
import { artifactNode, graphOf } from '../support/world.ts'

describe('a profile', () => {
  const graph = {
    ...graphOf(artifactNode('disk', [], { params: { size: size('1G'), title: text('x') } })),
    profiles: { dev: { 'disk.size': '2G' }, wrong: { nothing: 1 } },
  }
  const valuesOf = (name: string) => paramValues(withProfile(graph, name).artifacts[0]!)

  it('sets its params and no others; `none` sets nothing', () => {
    expect(valuesOf('dev')).toEqual({ size: 2 ** 31, title: 'x' })
    expect(valuesOf('none')).toEqual({ size: 2 ** 30, title: 'x' })
  })

  it.each([
    ['def', "unknown profile 'def'"],
    ['wrong', "unknown param 'nothing'"],
    ['toString', "unknown profile 'toString'"],
  ])('is rejected: %s (%s)', (name, message) => expect(() => valuesOf(name)).toThrow(message))
})

describe('a size', () => {
  it.each([
    ['256G', 256 * 2 ** 30],
    ['1.5g', 1.5 * 2 ** 30],
    ['512MiB', 512 * 2 ** 20],
    ['512MB', 512 * 2 ** 20],
    [' 64 K ', 65536],
    ['1T', 2 ** 40],
    ['1073741824', 2 ** 30],
    [4096, 4096],
    ['0', 0],
  ])('%j has %i bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  it.each(['', 'G', '-1G', '12X', '1e9', '1.3', '64 GG', '0x10', '1,5G', '9999999999T', 'NaN', -1, 1.5])(
    'is rejected and quoted in the error: %j',
    (text) => {
      expect(() => parseSize(text)).toThrow(RangeError)
      expect(() => parseSize(text)).toThrow(`'${text}'`)
    },
  )
})

describe('a param', () => {
  const accepted: readonly [Param, Json, Json][] = [
    [text('x'), '', ''],
    [size('1G'), '2K', 2048],
    [size('1G'), 2048, 2048],
    [integer(1), '-7', -7],
    [integer(1), 7, 7],
    [flag(false), 'yes', true],
    [flag(true), false, false],
    [choice(['zstd', 'lz4'], 'zstd'), 'lz4', 'lz4'],
    [data([]), '["a",{"b":1}]', ['a', { b: 1 }]],
    [data([]), { b: 1 }, { b: 1 }],
  ]
  it.each(accepted)('%j parses %j as %j', (param, given, value) =>
    expect(parseParam(param, given)).toEqual(value),
  )

  const rejected: readonly [Param, Json, string][] = [
    [text('x'), 5, 'expected text, got 5'],
    [size('1G'), '12X', "cannot read the size '12X'"],
    [size('1G'), true, 'expected a size such as 256G, got true'],
    [integer(1), '1.5', "expected a whole number, got '1.5'"],
    [integer(1), '', "expected a whole number, got ''"],
    [flag(true), 'maybe', "expected true or false, got 'maybe'"],
    [choice(['zstd', 'lz4'], 'zstd'), 'gzip', "expected one of zstd, lz4, got 'gzip'"],
    [data([]), '{', "expected JSON, got '{'"],
  ]
  it.each(rejected)('%j rejects %j', (param, given, message) =>
    expect(() => parseParam(param, given)).toThrow(message),
  )
})

describe('setting a param', () => {
  const graph = graphOf(
    artifactNode('iso', [], { params: { label: text('LEV'), diskSize: size('1G') } }),
    artifactNode('qcow2', [], { params: { diskSize: size('256G', 'the size of the disk') } }),
    artifactNode('kernel'),
  )
  const values = (overrides: Overrides): Record<string, unknown> =>
    Object.fromEntries(
      withParams(graph, overrides, 'the command line').artifacts.map((node) => [
        node.name,
        paramValues(node),
      ]),
    )
  const rejection = (overrides: Overrides): Failure => {
    try {
      withParams(graph, overrides, 'the command line')
    } catch (error) {
      if (error instanceof Failure) return error
      throw error
    }
    throw new Error('nothing was rejected')
  }

  it('by NAME sets it for every artifact that declares it', () =>
    expect(values({ diskSize: '2G' })).toEqual({
      iso: { label: 'LEV', diskSize: 2 ** 31 },
      qcow2: { diskSize: 2 ** 31 },
      kernel: {},
    }))

  it('by ARTIFACT.NAME overrides NAME in any order', () => {
    const expected = { iso: { label: 'LEV', diskSize: 2 ** 31 }, qcow2: { diskSize: 4096 }, kernel: {} }
    expect(values({ diskSize: '2G', 'qcow2.diskSize': '4K' })).toEqual(expected)
    expect(values({ 'qcow2.diskSize': '4K', diskSize: '2G' })).toEqual(expected)
  })

  it('by NAME is valid even if ARTIFACT.NAME overrides it everywhere', () =>
    expect(values({ label: 'A', 'iso.label': 'B' })).toMatchObject({ iso: { label: 'B' } }))

  it('does not modify the given graph', () => {
    withParams(graph, { diskSize: '2G' }, 'the command line')
    expect(values({})).toMatchObject({ qcow2: { diskSize: 256 * 2 ** 30 } })
  })

  it.each(['disksize', 'qcow2.label', 'kernel.diskSize', 'constructor'])(
    'rejects the unknown name %s with exit code 2',
    (name) => {
      const { headline, exitCode, facts } = rejection({ [name]: '1' })
      expect(headline).toBe(`unknown param '${name}'`)
      expect(exitCode).toBe(2)
      expect(facts).toContainEqual(['set by', 'the command line'])
    },
  )

  it('suggests a correction for a misspelt name', () =>
    expect(rejection({ disksize: '1' }).hint).toBe("did you mean 'diskSize'?"))

  it('rejects an invalid value; the error names the param, the value and its origin', () => {
    const { headline, exitCode, facts, hint } = rejection({ 'qcow2.diskSize': '256GG' })
    expect(headline).toContain("cannot set the param 'qcow2.diskSize': cannot read the size '256GG'")
    expect(facts).toContainEqual(['set by', 'the command line'])
    expect(facts).toContainEqual(['meaning', 'the size of the disk'])
    expect(hint).toBe('set another value')
    expect(exitCode).toBe(2)
  })

  it('accepts each declared name, listed once', () =>
    expect(paramNames(graph)).toEqual(['diskSize', 'label']))
})

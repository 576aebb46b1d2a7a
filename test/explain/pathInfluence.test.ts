import { describe, expect, it } from 'vitest'
import type { Subject } from '../../src/explain/pathInfluence.ts'
import { influenceOf } from '../../src/explain/pathInfluence.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { builtTiny } from '../support/tiny.ts'
import { artifactNode, graphOf } from '../support/world.ts'

// Whether a path influences a target is answered for every path, and a "no" says what is so instead.

const GRAPH = {
  ...graphOf(
    artifactNode('kernel', [], {
      modules: ['artifacts/kernel.ts', 'lbuild/images/fat.ts'],
      tools: [{ name: 'zstd' }],
      inputs: { files: { kind: 'tree', path: 'kernel/files', optional: false } },
    }),
    artifactNode('modules', ['kernel']),
    artifactNode('initramfs', ['modules']),
    artifactNode('qcow2', ['kernel', 'initramfs']),
    artifactNode('iso', ['modules']),
  ),
  modules: {
    'build.config.ts': sha256('1'),
    'artifacts/kernel.ts': sha256('2'),
    'lbuild/images/fat.ts': sha256('3'),
  },
}

const subject = (path: string, more: Partial<Subject> = {}): Subject => ({
  path,
  label: path,
  tools: [],
  ...more,
})
const entrances = (of: Subject): readonly string[] =>
  influenceOf(GRAPH, 'qcow2', of).entrances.map(({ artifact, as }) => `${artifact}: ${as}`)

describe('a path influences a target', () => {
  it.each([
    ['in a tree', subject('kernel/files/etc/motd'), `kernel: the input 'files' (tree kernel/files)`],
    ['that holds an input', subject('kernel'), `kernel: in it, the input 'files' (tree kernel/files)`],
    ['that holds code', subject('artifacts'), 'kernel: in it, code: artifacts/kernel.ts'],
    ['of code', subject('artifacts/kernel.ts'), 'kernel: code'],
    [
      'of code of lbuild, by its place',
      subject('src/images/fat.ts', { label: 'lbuild/images/fat.ts' }),
      'kernel: code',
    ],
    ['of a tool', subject('/usr/bin/zstd', { tools: ['zstd'] }), `kernel: the tool 'zstd'`],
  ])('%s', (_, of, expected) => {
    const found = entrances(of)
    expect(found).toHaveLength(1)
    expect(found[0]!.startsWith(expected)).toBe(true)
  })

  it('by the shortest way, and the others are counted', () => {
    const { entrances: found } = influenceOf(GRAPH, 'qcow2', subject('kernel/files/x'))
    expect(found).toMatchObject([{ chain: ['kernel', 'qcow2'], otherWays: 1 }])
    const { entrances: other } = influenceOf(GRAPH, 'iso', subject('kernel/files/x'))
    expect(other).toMatchObject([{ chain: ['kernel', 'modules', 'iso'], otherWays: 0 }])
  })

  it('the workspace as a whole holds every input and all code', () => {
    expect(entrances(subject('.')).length).toBeGreaterThan(1)
  })
})

describe('a path that does not', () => {
  it('is of the config: what it declares counts', () => {
    expect(influenceOf(GRAPH, 'qcow2', subject('build.config.ts'))).toMatchObject({
      entrances: [],
      declares: true,
    })
  })

  it('is an output: who makes it is told', () => {
    expect(influenceOf(GRAPH, 'qcow2', subject('output/kernel.img'))).toMatchObject({
      entrances: [],
      madeBy: 'kernel',
    })
  })

  it('influences another artifact', () => {
    expect(influenceOf(GRAPH, 'kernel', subject('modules.ts'))).toMatchObject({
      entrances: [],
      elsewhere: ['modules'],
    })
  })

  it('is near something that is declared', () => {
    expect(influenceOf(GRAPH, 'qcow2', subject('kernel/notes.txt'))).toMatchObject({
      nearest: 'kernel/files',
    })
  })
})

describe('lbuild why TARGET PATH', () => {
  const built = builtTiny()

  it.each([
    ['src/helo', 'There is no such file. Did you mean src/hello?'],
    ['srcc/etc/motd', 'There is no such file. Did you mean src/etc/motd?'],
    ['/usr/bin/tar', `  packed: the tool 'tar'`],
    ['build.config.ts', 'build.config.ts influences image only by what it declares'],
    ['output/tiny.img', '  image makes it; what takes it has it from the store, whatever stands there'],
  ])('%s', async (path, line) => {
    const { code, stdout } = await built().lbuild('why', 'image', path)
    expect([code, stdout.split('\n')]).toEqual([0, expect.arrayContaining([line])])
  })

  it('answers though a declared input is not there: it looks at none', async () => {
    const workspace = built()
    workspace.remove('note.txt')
    const { code, stdout } = await workspace.lbuild('why', 'other', 'artifacts/other.ts')
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'artifacts/other.ts influences other'])
  })
})

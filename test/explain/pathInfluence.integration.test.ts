// Tests that lbuild answers for every path whether it influences a target, and reports why not.
import { describe, expect, it } from 'vitest'
import { tree } from '../../src/api/inputs.ts'
import type { Subject } from '../../src/explain/pathInfluence.ts'
import { influenceOf } from '../../src/explain/pathInfluence.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { builtTiny } from '../support/tiny.ts'
import { artifactNode, graphOf } from '../support/world.ts'

const GRAPH = {
  ...graphOf(
    artifactNode('kernel', [], {
      modules: ['artifacts/kernel.ts', 'lbuild/images/fat.ts'],
      tools: [{ name: 'zstd' }],
      inputs: { files: tree('kernel/files') },
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
  leftOut: new Map(),
  ...more,
})
const described = (of: Subject): readonly string[] =>
  influenceOf(GRAPH, 'qcow2', of).entryPoints.map(({ artifact, how }) => `${artifact}: ${how}`)

describe('a path that influences a target', () => {
  it.each([
    [
      'reports a path in a tree',
      subject('kernel/files/etc/motd'),
      `kernel: input 'files' (tree kernel/files)`,
    ],
    [
      'reports a directory that contains an input',
      subject('kernel'),
      `kernel: contains input 'files' (tree kernel/files)`,
    ],
    [
      'reports a directory that contains code',
      subject('artifacts'),
      'kernel: contains code: artifacts/kernel.ts',
    ],
    ['reports a module', subject('artifacts/kernel.ts'), 'kernel: code'],
    [
      'reports a module of lbuild by its path',
      subject('src/images/fat.ts', { label: 'lbuild/images/fat.ts' }),
      'kernel: code',
    ],
    ['reports an executable of a tool', subject('/usr/bin/zstd', { tools: ['zstd'] }), `kernel: tool 'zstd'`],
  ])('%s', (_, of, expected) => {
    const found = described(of)
    expect(found).toHaveLength(1)
    expect(found[0]!.startsWith(expected)).toBe(true)
  })

  it('reports the shortest chain, and counts the others', () => {
    const { entryPoints: found } = influenceOf(GRAPH, 'qcow2', subject('kernel/files/x'))
    expect(found).toMatchObject([{ chain: ['kernel', 'qcow2'], otherChains: 1 }])
    const { entryPoints: other } = influenceOf(GRAPH, 'iso', subject('kernel/files/x'))
    expect(other).toMatchObject([{ chain: ['kernel', 'modules', 'iso'], otherChains: 0 }])
  })

  it('reports every artifact for the root of the workspace', () => {
    expect(described(subject('.')).length).toBeGreaterThan(1)
  })
})

describe('a path that does not influence a target', () => {
  it('reports that only the declarations of a config module count', () => {
    expect(influenceOf(GRAPH, 'qcow2', subject('build.config.ts'))).toMatchObject({
      entryPoints: [],
      declaresOnly: true,
    })
  })

  it('reports the artifact that publishes it', () => {
    expect(influenceOf(GRAPH, 'qcow2', subject('output/kernel.img', { output: 'kernel.img' }))).toMatchObject(
      {
        entryPoints: [],
        producedBy: 'kernel',
      },
    )
  })

  it('reports the artifacts that it influences elsewhere', () => {
    expect(influenceOf(GRAPH, 'kernel', subject('modules.ts'))).toMatchObject({
      entryPoints: [],
      elsewhere: ['modules'],
    })
  })

  it('reports the nearest declared path', () => {
    expect(influenceOf(GRAPH, 'qcow2', subject('kernel/notes.txt'))).toMatchObject({
      nearestDeclared: 'kernel/files',
    })
  })
})

describe('lbuild why TARGET PATH', () => {
  const built = builtTiny()

  it.each([
    ['src/helo', 'src/helo does not exist. Did you mean src/hello?'],
    ['srcc/etc/motd', 'srcc/etc/motd does not exist. Did you mean src/etc/motd?'],
    ['/usr/bin/tar', `  packed: tool 'tar'`],
    ['build.config.ts', 'build.config.ts influences image only through its declarations'],
    [
      'output/tiny.img',
      '  it is an output of image: artifacts read it from the store, not from the output directory',
    ],
  ])('prints for %s: %s', async (path, line) => {
    const { code, stdout } = await built().lbuild('why', 'image', path)
    expect([code, stdout.split('\n')]).toEqual([0, expect.arrayContaining([line])])
  })

  it('finds an output in the directory of --output', async () => {
    const workspace = built()
    const { stdout } = await workspace.lbuild('why', 'image', 'dist/tiny.img', '--output', 'dist')
    expect(stdout).toContain('it is an output of image')
  })

  it('answers although a declared input is missing: it reads none', async () => {
    const workspace = built()
    workspace.remove('note.txt')
    const { code, stdout } = await workspace.lbuild('why', 'other', 'artifacts/other.ts')
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'artifacts/other.ts influences other'])
  })
})

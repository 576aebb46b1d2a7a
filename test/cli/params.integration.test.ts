// Tests that every param is listed with what set it, by `lbuild params` and by help.
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { artifact, choice, defineConfig, flag, integer, lockfile, size, text } from 'lbuild'
const debs = lockfile('debs', {
  path: 'debs.lock', inputs: {}, tools: [], params: { suite: text('stable', 'the release') }, mirrors: () => [],
  resolve: async () => [],
})
const rootfs = artifact('rootfs', {
  inputs: { debs: debs.downloads() },
  params: {
    compression: choice(['lz4', 'zstd'], 'zstd', 'how the image is compressed'),
    level: integer(3, 'the level\\u001b[31m of the compression'),
    debug: flag(false),
  },
  outputs: { o: 'rootfs' },
  produce() {},
})
const image = artifact('image', {
  inputs: { rootfs: rootfs.output('o') },
  params: { diskSize: size('256G', 'the size of the disk'), force: text('no', 'a name that is taken') },
  outputs: { o: 'image' },
  produce() {},
})
const other = artifact('other', { params: { level: integer(1) }, outputs: { o: 'other' }, produce() {} })
export default defineConfig({
  artifacts: [debs, image, rootfs, other],
  params: { level: 5 },
  profiles: { dev: { compression: 'lz4' } },
})
`

const workspace = (): TestWorkspace => new TestWorkspace({ 'build.config.ts': CONFIG })

interface Listed {
  readonly name: string
  readonly owner: string
}

describe('lbuild params', () => {
  it('lists every param with owner, value, origin, default and description', async () => {
    const { code, stdout, stderr } = await workspace().lbuild(
      'params',
      '--profile',
      'dev',
      '--disk-size',
      '64G',
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['PARAM', 'OWNER', 'VALUE', 'ORIGIN', 'DEFAULT', 'DESCRIPTION'],
      ['compression', 'rootfs', 'lz4', 'profile dev', 'zstd', 'how the image is compressed (lz4, zstd)'],
      ['level', 'rootfs', '5', 'config', '3', 'the level of the compression'],
      ['debug', 'rootfs', 'false', 'default', 'false'],
      ['diskSize', 'image', '64G', 'command line', '256G', 'the size of the disk'],
      ['force', 'image', 'no', 'default', 'no', 'a name that is taken'],
      ['level', 'other', '5', 'config', '1'],
      ['suite', 'lockfile debs', 'stable', 'default', 'stable', 'the release'],
      [''],
    ])
  })

  it('lists only the params of the targets, their dependencies and lockfiles, if targets are named', async () => {
    const { stdout } = await workspace().lbuild('params', 'rootfs', '--json')
    const { params } = JSON.parse(stdout) as { params: readonly Listed[] }
    expect(params.map(({ name, owner }) => `${owner}.${name}`)).toEqual([
      'rootfs.compression',
      'rootfs.level',
      'rootfs.debug',
      'debs.suite',
    ])
    expect(params[0]).toEqual({
      name: 'compression',
      owner: 'rootfs',
      kind: 'artifact',
      option: '--compression',
      type: 'choice',
      value: 'zstd',
      origin: 'default',
      default: 'zstd',
      description: 'how the image is compressed',
      choices: ['lz4', 'zstd'],
    })
    expect((await workspace().lbuild('params', 'rotfs')).stderr).toContain(`did you mean 'rootfs'?`)
  })

  it('shows what a later setting replaced by the default, not by the earlier setting', async () => {
    const { stdout } = await workspace().lbuild('params', 'other', '--json', '--set', 'level=9')
    const { params } = JSON.parse(stdout) as { params: readonly object[] }
    expect(params).toMatchObject([{ value: 9, origin: 'command line', default: 1 }])
  })
})

describe('help', () => {
  it('of build shows the params as options with descriptions, defaults and choices', async () => {
    const distro = workspace()
    const { code, stdout, stderr } = await distro.lbuild('help', 'build')
    expect([code, stderr]).toEqual([0, ''])
    const text = stdout.replaceAll(/\s+/g, ' ')
    expect(text).toContain(
      'Params of this distro: --compression <lz4|zstd> how the image is compressed (in rootfs: default zstd)',
    )
    expect(text).toContain('(in rootfs: 5, set by build.config.ts, default 3; in other: 5, set by')
    expect(text).not.toContain('a name that is taken')
    expect((await distro.lbuild('build', '--help')).stdout).toBe(stdout)
    const elsewhere = new TestWorkspace({})
    expect((await elsewhere.lbuild('-C', distro.root, 'help', 'build')).stdout).toBe(stdout)
  })

  it('of build shows no params and no error if the config is broken', async () => {
    const distro = new TestWorkspace({
      'build.config.ts': `console.log('printed'); throw new Error('broken')`,
    })
    const { code, stdout, stderr } = await distro.lbuild('help', 'build')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('Usage: lbuild build')
    expect(stdout).not.toContain('Params of this distro')
  })
})

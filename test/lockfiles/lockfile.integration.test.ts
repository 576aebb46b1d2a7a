// Tests when a lockfile is resolved, and that only the downloads it pins are accepted. Most mirrors are directories.
import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { mirror } from '../support/mirror.ts'
import { TestWorkspace } from '../support/workspace.ts'

const LOOP = 'for (;;);'

const CONFIG = `import { artifact, defineConfig, file, lockfile, text } from 'lbuild'
const packages = lockfile('packages', {
  path: 'packages.lock',
  inputs: { list: file('packages.list') },
  params: { mirror: text(''), suite: text('stable') },
  mirrorParams: ['mirror'],
  tools: ['sha256sum'],
  async resolve({ inputs, previous }) {
    const fs = await import('node:fs')
    return fs.readFileSync(inputs.list, 'utf8').trim().split('\\n').map((line) => {
      const [name, sha256] = line.split(' ')
      const known = previous.find((file) => file.name === name)
      return known ?? { name, package: name, version: '1', path: 'pool/' + name, size: 4, sha256 }
    })
  },
  mirrors: ({ mirror }) => ['file:///nowhere', 'file://' + mirror + '/'],
})
const rootfs = artifact('rootfs', {
  inputs: { packages: packages.downloads() },
  outputs: { rootfs: 'rootfs.txt' },
  async produce({ inputs, outputs }) {
    const fs = await import('node:fs')
    const names = fs.readdirSync(inputs.packages).sort()
    fs.writeFileSync(outputs.rootfs, names.map((name) => fs.readFileSync(inputs.packages + '/' + name, 'utf8')).join(''))
  },
})
export default defineConfig({ artifacts: [packages, rootfs] })
`

function workspaceWithMirror(): TestWorkspace {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG })
  workspace.edit('build.config.ts', `mirror: text('')`, `mirror: text('${workspace.path('mirror')}')`)
  for (const [name, content] of [
    ['bash', 'bash'],
    ['dash', 'dash'],
  ] as const)
    workspace.write(`mirror/pool/${name}`, content)
  workspace.write('packages.list', `bash ${sha256('bash')}\n`)
  return workspace
}

describe('a lockfile', () => {
  it('is resolved and reported by the first build if it is missing, and then stays fresh', async () => {
    const workspace = workspaceWithMirror()
    const { ran, code, stderr } = await workspace.build('rootfs')
    expect([ran, code]).toEqual([['rootfs'], 0])
    expect(stderr).toContain('packages.lock is missing')
    expect(stderr).toContain('packages.lock: 1 file in')
    expect(JSON.parse(workspace.read('packages.lock'))).toMatchObject({
      version: 1,
      files: [{ name: 'bash' }],
    })
    const before = workspace.read('packages.lock')
    expect((await workspace.build('rootfs')).report.artifacts.map(({ outcome }) => outcome)).toEqual([
      'fresh',
    ])
    expect(workspace.read('packages.lock')).toBe(before)
  })

  it('gives its resolver the host files that it declares, and ignores those that do not exist', async () => {
    const workspace = workspaceWithMirror()
    workspace.write('settings', 'of the host')
    const settings = workspace.path('settings')
    workspace.edit(
      'build.config.ts',
      `tools: ['sha256sum'],`,
      `tools: ['sha256sum'], hostFiles: ['${settings}', '/etc/no-such-file'],`,
    )
    workspace.edit(
      'build.config.ts',
      `async resolve({ inputs, previous }) {
    const fs = await import('node:fs')`,
      `async resolve({ inputs, previous }) {
    const fs = await import('node:fs')
    if (fs.readFileSync('${settings}', 'utf8') !== 'of the host') throw new Error('other settings')`,
    )
    expect(await workspace.build('rootfs')).toMatchObject({ ran: ['rootfs'], code: 0 })
  })

  it('is outdated if its list changes; only new files are fetched, and known versions stay', async () => {
    const workspace = workspaceWithMirror()
    await workspace.build('rootfs')
    // The store has bash, which is not fetched again. The lockfile's version of bash takes precedence over the list's.
    workspace.remove('mirror/pool/bash')
    workspace.write('packages.list', `bash ${sha256('newer')}\ndash ${sha256('dash')}\n`)
    expect((await workspace.lbuild('status')).stdout).toContain('lockfile packages.lock is outdated')
    const { ran, stderr } = await workspace.build('rootfs')
    expect(ran).toEqual(['rootfs'])
    expect(stderr).toContain('1 file, 4 B')
    expect(workspace.read('output/rootfs.txt')).toBe('bashdash')
  })

  it.each([
    ['end the process', 'process.exit(0)', 'ended its process'],
    ['throw an error', `throw new Error('no mirror today')`, 'build.config.ts throws: no mirror today'],
    ['loop', LOOP, 'did not finish within 1 s'],
  ])('whose mirrors %s fails the build with a reason', async (_, act, message) => {
    const workspace = workspaceWithMirror()
    if (act === LOOP) workspace.env['LBUILD_CONFIG_TIMEOUT'] = '1'
    workspace.edit(
      'build.config.ts',
      'mirrors: ({ mirror }) => [',
      `mirrors: ({ mirror }) => { ${act}; return [`,
    )
    workspace.edit('build.config.ts', `mirror + '/'],`, `mirror + '/'] },`)
    const { code, stderr } = await workspace.lbuild('rootfs')
    expect(stderr).toContain(message)
    expect(code).not.toBe(0)
    workspace.edit('build.config.ts', act, '')
    delete workspace.env['LBUILD_CONFIG_TIMEOUT']
    expect((await workspace.build('rootfs')).ran).toEqual(['rootfs'])
  })

  it('is re-resolved only by update', async () => {
    const workspace = workspaceWithMirror()
    await workspace.build('rootfs')
    writeFileSync(workspace.path('mirror/pool/bash'), 'BASH')
    workspace.write('packages.list', `bash ${sha256('BASH')}\n`)
    await workspace.build('rootfs')
    expect(workspace.read('output/rootfs.txt')).toBe('bash')
    const { code, stdout } = await workspace.lbuild('update', '--json')
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 2,
      lockfiles: [{ name: 'packages', path: 'packages.lock', files: 1, seconds: expect.any(Number) }],
    })
    expect(code).toBe(0)
    expect((await workspace.build('rootfs')).ran).toEqual(['rootfs'])
    expect(workspace.read('output/rootfs.txt')).toBe('BASH')
  })

  it('is outdated by a changed param, except by a mirror', async () => {
    const workspace = workspaceWithMirror()
    await workspace.build('rootfs')
    expect((await workspace.lbuild('status', '--check', '--mirror', '/elsewhere')).code).toBe(0)
    expect((await workspace.lbuild('status', '--check', '--set', 'suite=testing')).code).toBe(3)
  })

  it.each([
    ['not JSON', 'merge conflict'],
    ['another version', '{"version":2,"request":"","files":[]}'],
    [
      'a name with ..',
      `{"version":1,"request":"","files":[{"name":"../x","path":"p","package":"","version":"","size":1,"sha256":"${'a'.repeat(64)}"}]}`,
    ],
  ])('is reported and never overwritten if it is invalid: %s', async (_, content) => {
    const workspace = workspaceWithMirror()
    workspace.write('packages.lock', content)
    const { code, stderr } = await workspace.lbuild('rootfs')
    expect(stderr).toContain('cannot read the lockfile')
    expect(stderr).toContain('packages.lock')
    expect(code).toBe(2)
    expect(workspace.read('packages.lock')).toBe(content)
  })
})

describe('a download', () => {
  it('is reported and not stored if it is incomplete', async () => {
    const workspace = workspaceWithMirror()
    workspace.write('mirror/pool/bash', '')
    const { code, stderr } = await workspace.lbuild('rootfs')
    expect(stderr).toMatch(/cannot fetch 1 of the files[\s\S]*bash, file:.*: only 0 of \d+ bytes arrived/)
    expect(code).toBe(1)
    expect(workspace.state('cache/objects')).toEqual({})
  })

  it('is rejected and not stored if it differs from the pinned file', async () => {
    const workspace = workspaceWithMirror()
    workspace.write('mirror/pool/bash', 'evil')
    const { code, stderr } = await workspace.lbuild('rootfs')
    expect(stderr).toContain(`cannot fetch 1 of the files of the lockfile 'packages'`)
    expect(stderr).toContain(`sent another file: sha256 ${sha256('evil')}`)
    expect(code).toBe(1)
    expect(workspace.state('cache/objects')).toEqual({})
  })

  it('arrives although the terminal is lost meanwhile, if lbuild ignores SIGHUP', async () => {
    const workspace = workspaceWithMirror()
    let lose = (): void => {}
    const { url } = await mirror((_, response) => {
      lose()
      response.end('bash')
    })
    workspace.edit('build.config.ts', `'file://' + mirror + '/'`, `'${url}'`)
    const { child, ended } = workspace.ignoring('HUP').start('rootfs')
    lose = () => void process.kill(-child.pid!, 'SIGHUP')
    expect((await ended).code).toBe(0)
    expect(workspace.read('output/rootfs.txt')).toBe('bash')
  })

  it('is reported if no mirror has it, with a hint to update the lockfile', async () => {
    const workspace = workspaceWithMirror()
    workspace.remove('mirror/pool/bash')
    const { code, stderr } = await workspace.lbuild('rootfs')
    expect(stderr).toContain(`cannot fetch 1 of the files of the lockfile 'packages'`)
    expect(stderr).toContain('lbuild update packages')
    expect(code).toBe(1)
    workspace.write('mirror/pool/bash', 'bash')
    expect((await workspace.build('rootfs')).ran).toEqual(['rootfs'])
  })
})

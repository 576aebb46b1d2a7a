import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { TestWorkspace } from '../support/workspace.ts'

// A lock pins downloads by SHA-256. These mirrors are directories; curl fetches from them as it does from any address.

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

describe('a lock', () => {
  it('that is missing is resolved by the first build, which says so; then nothing is left to do', async () => {
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

  it('is outdated when its list changes: only what is new is fetched, known versions stay', async () => {
    const workspace = workspaceWithMirror()
    await workspace.build('rootfs')
    // What the store has is not fetched again; and the list's word for bash is not taken while the lock has one.
    workspace.remove('mirror/pool/bash')
    workspace.write('packages.list', `bash ${sha256('newer')}\ndash ${sha256('dash')}\n`)
    expect((await workspace.lbuild('status')).stdout).toContain('lockfile packages.lock is outdated')
    const { ran, stderr } = await workspace.build('rootfs')
    expect(ran).toEqual(['rootfs'])
    expect(stderr).toContain('1 file, 4 B')
    expect(workspace.read('output/rootfs.txt')).toBe('bashdash')
  })

  it('is renewed by update, and by nothing else', async () => {
    const workspace = workspaceWithMirror()
    await workspace.build('rootfs')
    writeFileSync(workspace.path('mirror/pool/bash'), 'BASH')
    workspace.write('packages.list', `bash ${sha256('BASH')}\n`)
    await workspace.build('rootfs')
    expect(workspace.read('output/rootfs.txt')).toBe('bash')
    expect((await workspace.lbuild('update')).code).toBe(0)
    expect((await workspace.build('rootfs')).ran).toEqual(['rootfs'])
    expect(workspace.read('output/rootfs.txt')).toBe('BASH')
  })

  it('is outdated by a param that says what, not by one that says where from', async () => {
    const workspace = workspaceWithMirror()
    await workspace.build('rootfs')
    expect((await workspace.lbuild('status', '--check', '--mirror', '/elsewhere')).code).toBe(0)
    expect((await workspace.lbuild('status', '--check', '--set', 'suite=testing')).code).toBe(3)
  })

  it.each([
    ['no JSON', 'merge conflict'],
    ['another version', '{"version":2,"request":"","files":[]}'],
    [
      'a name that leads elsewhere',
      `{"version":1,"request":"","files":[{"name":"../x","path":"p","package":"","version":"","size":1,"sha256":"${'a'.repeat(64)}"}]}`,
    ],
  ])('that cannot be read (%s) is an error that names it, never overwritten', async (_, content) => {
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
  it('that does not arrive whole is told about, and kept nowhere', async () => {
    const workspace = workspaceWithMirror()
    workspace.write('mirror/pool/bash', '')
    const { code, stderr } = await workspace.lbuild('rootfs')
    expect(stderr).toMatch(/cannot fetch 1 of the files[\s\S]*bash: only 0 of \d+ bytes arrived/)
    expect(code).toBe(1)
    expect(workspace.state('cache/objects')).toEqual({})
  })

  it('that is not the file that the lock names is refused, and kept nowhere', async () => {
    const workspace = workspaceWithMirror()
    workspace.write('mirror/pool/bash', 'evil')
    const { code, stderr } = await workspace.lbuild('rootfs')
    expect(stderr).toContain(`'bash' differs from the file that the lockfile names`)
    expect(stderr).toContain(sha256('evil'))
    expect(code).toBe(1)
    expect(workspace.state('cache/objects')).toEqual({})
  })

  it('that no mirror has is told, with the way to newer versions', async () => {
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

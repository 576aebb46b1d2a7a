// Tests the producers and images that leviso, the predecessor of lbuild, got wrong: W21 to W25 of 25 known failures.
import { execFileSync } from 'node:child_process'
import { chmodSync, lutimesSync, mkdirSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inspectExt4 } from '../../src/images/ext4.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { run } from '../support/images.ts'
import { TestWorkspace } from '../support/workspace.ts'

/** A small system: a layer with owners and modes, an ext4 disk, and an initramfs with the name of the kernel. */
const SYSTEM = `import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, internal, tree } from 'lbuild'
import { packCpio, parentDirectories } from 'lbuild/images/cpio'
import { ext4Tools, makeExt4 } from 'lbuild/images/ext4'
import { deriveUuid } from 'lbuild/images/uuids'
import { Layer } from 'lbuild/images/layer'
import { extractLayers, layerTools } from 'lbuild/images/layers'
import { oneKernelVersion } from 'lbuild/images/kernelModules'

const OWNERS = { 'bin/su': { mode: 0o4755 }, 'etc/shadow': { mode: 0o640, gid: 42 }, 'home/ada/note': { uid: 1000, gid: 1000 } }
const filesBelow = (root) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => (entry.parentPath + '/' + entry.name).slice(root.length + 1))

const layer = artifact('layer', {
  inputs: { files: tree('files') }, outputs: { tar: internal('layer.tar') },
  async produce({ inputs, outputs, epoch }) {
    const layer = new Layer({ entries: [{ path: '/', type: 'directory', mode: 0o755, uid: 0, gid: 0 }], texts: {} })
    for (const path of filesBelow(inputs.files)) layer.write('/' + path, readFileSync(inputs.files + '/' + path), OWNERS[path])
    writeFileSync(outputs.tar, await layer.tar(epoch))
  },
})
const SIZE = 2 ** 24
const disk = artifact('disk', {
  inputs: { tar: layer.output('tar') }, tools: [...layerTools, ...ext4Tools], outputs: { image: 'disk.raw' },
  async produce({ inputs, outputs, run, scratch, work, epoch }) {
    await extractLayers(run, [inputs.tar], scratch + '/tree', epoch)
    writeFileSync(outputs.image, '')
    truncateSync(outputs.image, SIZE)
    const [uuid, hashSeed] = [deriveUuid('past', 'disk'), deriveUuid('past', 'hash seed')]
    await makeExt4(run, { image: outputs.image, offset: 0, size: SIZE, label: 'root', uuid, hashSeed, tree: scratch + '/tree', epoch, work })
  },
})
const initramfs = artifact('initramfs', {
  inputs: { modules: tree('modules'), files: tree('files') }, outputs: { image: 'initramfs.cpio' },
  produce({ inputs, outputs, epoch }) {
    const version = oneKernelVersion(readdirSync(inputs.modules))
    const paths = [...filesBelow(inputs.files), 'lib/modules/' + version + '/list']
    const data = (path) => (path.startsWith('lib/modules') ? Buffer.from(version) : readFileSync(inputs.files + '/' + path))
    const files = paths.map((path) => ({ path, type: 'file', mode: 0o644, data: data(path) }))
    writeFileSync(outputs.image, packCpio([...parentDirectories(paths), ...files], epoch))
  },
})
export default defineConfig({ artifacts: [layer, disk, initramfs] })
`

const FILES = {
  'files/bin/su': 'su',
  'files/etc/shadow': 'root::1::::::\n',
  'files/home/ada/note': 'note',
  'files/usr/lib/os-release': 'NAME=Past\n',
  'modules/6.1.0-1/modules.dep': '',
}

/** The system in a new directory, written in the order of `files` and owned by `owner`. */
function system(files: Readonly<Record<string, string>> = FILES, owner = 0): TestWorkspace {
  const workspace = new TestWorkspace({ 'build.config.ts': SYSTEM, ...files })
  execFileSync('chown', ['-R', `${owner}:${owner}`, workspace.root])
  return workspace
}

/** A producer that attempts something and writes the results as JSON. */
const attempting = (attempts: string): string => `import * as fs from 'node:fs'
import { connect } from 'node:net'
import { artifact, defineConfig, file, lockfile, text, tree } from 'lbuild'
const attempt = (action) => { try { return action() } catch ({ code }) { return code } }
const packages = lockfile('packages', {
  path: 'packages.lock', inputs: { list: file('note.txt') }, tools: [],
  params: { mirror: text('') }, mirrorParams: ['mirror'],
  resolve: () => [{ name: 'bash', package: 'bash', version: '1', path: 'bash', size: 4, sha256: '${sha256('bash')}' }],
  mirrors: ({ mirror }) => ['file://' + mirror + '/'],
})
const image = artifact('image', {
  inputs: { note: file('note.txt'), src: tree('src') }, tools: ['chmod'], outputs: { image: 'image.json' },
  async produce({ inputs, outputs, run }) { fs.writeFileSync(outputs.image, JSON.stringify(${attempts})) },
})
const fetched = artifact('fetched', { inputs: { packages: packages.downloads() }, outputs: { o: 'fetched' },
  produce({ inputs, outputs }) { fs.copyFileSync(inputs.packages + '/bash', outputs.o) } })
export default defineConfig({ artifacts: [image, packages, fetched] })
`

const workspaceAttempting = (attempts: string): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': attempting(attempts),
    'note.txt': 'note',
    'src/file': 'file',
    'src/deep/file': 'x',
  })

/** The state of a workspace without the directories that lbuild writes. */
const sources = (workspace: TestWorkspace): unknown =>
  Object.fromEntries(
    Object.entries(workspace.state('.')).filter(([path]) => !/^(cache|output)(\/|$)/.test(path)),
  )

describe('a producer', () => {
  it('W21: rejects the modules of two kernels, and names both', async () => {
    const workspace = system({ ...FILES, 'modules/5.9.0-1/modules.dep': '' })
    const { code, stderr } = await workspace.lbuild('initramfs')
    expect(stderr).toContain('there are modules of more than one kernel')
    expect(stderr).toContain('5.9.0-1, 6.1.0-1')
    expect(code).toBe(1)
    workspace.remove('modules/5.9.0-1')
    expect((await workspace.build('initramfs')).ran).toEqual(['initramfs'])
    expect(workspace.read('output/initramfs.cpio')).toContain('lib/modules/6.1.0-1/list')
  })

  it('W22: has no network, cannot change its inputs, and gets only pinned downloads', async () => {
    const workspace = workspaceAttempting(`{
      chmod: await run('chmod', ['-R', '777', inputs.src]).catch(({ tail }) => tail),
      remove: attempt(() => fs.rmSync(inputs.src + '/file')),
      network: await new Promise((resolve) => connect(80, '192.0.2.1').on('connect', () => resolve('connected')).on('error', ({ code }) => resolve(code))),
    }`)
    workspace.write('mirror/bash', 'evil')
    const before = sources(workspace)
    const { code } = await workspace.lbuild('image')
    expect(code).toBe(0)
    expect(JSON.parse(workspace.read('output/image.json'))).toEqual({
      chmod: expect.stringContaining('Read-only file system'),
      remove: 'EROFS',
      network: 'ENETUNREACH',
    })
    expect(sources(workspace)).toEqual(before)

    const fetched = await workspace.lbuild('fetched', '--mirror', workspace.path('mirror'))
    expect(fetched.stderr).toContain('sent another file: sha256 ')
    expect([fetched.code, workspace.exists('output/fetched')]).toEqual([1, false])
    workspace.write('mirror/bash', 'bash')
    await workspace.build('fetched', '--mirror', workspace.path('mirror'))
    expect(workspace.read('output/fetched')).toBe('bash')
  })

  it('W25: cannot write to its inputs, which cannot be directories that lbuild writes', async () => {
    const workspace = workspaceAttempting(`[
      attempt(() => fs.writeFileSync(inputs.src + '/generated', '')),
      attempt(() => fs.appendFileSync(inputs.note, 'more')),
    ]`)
    const before = sources(workspace)
    await workspace.build('image')
    expect(JSON.parse(workspace.read('output/image.json'))).toEqual(['EROFS', 'EROFS'])
    expect(sources(workspace)).toEqual(before)
    expect(await workspace.verdicts('image')).toEqual({ image: 'fresh' })
    for (const own of ['cache/work', 'output']) {
      workspace.edit('build.config.ts', "tree('src')", `tree('${own}')`)
      const { code, stderr } = await workspace.lbuild('image')
      expect(stderr).toContain(`lbuild writes '${own}'`)
      expect(code).toBe(2)
      workspace.edit('build.config.ts', `tree('${own}')`, "tree('src')")
    }
  })
})

describe('an image', () => {
  it('W23: has the same bytes for other users, times, orders and environments', async () => {
    const one = system()
    const two = system(Object.fromEntries(Object.entries(FILES).toReversed()), 1000)
    Object.assign(two.env, { TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8', HOME: '/root', USER: 'ada' })
    for (const path of readdirSync(two.root, { recursive: true, encoding: 'utf8' }))
      lutimesSync(two.path(path), 1, 1)
    for (const path of Object.keys(FILES)) chmodSync(two.path(path), 0o600)
    mkdirSync(two.path('cache'), { mode: 0o700 })
    for (const workspace of [one, two])
      expect((await workspace.build('disk', 'initramfs')).ran).toEqual(['disk', 'initramfs', 'layer'])
    for (const image of ['disk.raw', 'initramfs.cpio'])
      expect(sha256(two.bytes(`output/${image}`)), image).toBe(sha256(one.bytes(`output/${image}`)))
  })

  it('W24: has files with the declared owners and modes, setuid included', async () => {
    const workspace = system(FILES, 1000)
    await workspace.build('disk', 'initramfs')
    const paths = ['/bin/su', '/etc/shadow', '/home/ada/note', '/usr/lib/os-release', '/']
    const commands = paths.map((path) => `stat ${path}`)
    const answers = await inspectExt4(run, workspace.path('output/disk.raw'), 0, commands)
    const found = answers.map((answer) => {
      const [, mode] = /Mode:\s+(\d+)/.exec(answer)!
      const [, uid, gid] = /User:\s+(\d+)\s+Group:\s+(\d+)/.exec(answer)!
      return `${mode} ${uid}:${gid}`
    })
    expect(found).toEqual(['04755 0:0', '0640 0:42', '0644 1000:1000', '0644 0:0', '0755 0:0'])
    const { stdout } = await run('cpio', ['-itv', '--quiet', '--numeric-uid-gid'], {
      input: workspace.bytes('output/initramfs.cpio'),
    })
    const owners = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).slice(2, 4).join(':'))
    expect(new Set(owners)).toEqual(new Set(['0:0']))
  })
})

// Tests that a producer in the sandbox sees only what it declares.
import { chmodSync, mkdirSync, readdirSync, symlinkSync, utimesSync } from 'node:fs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { readProc } from '../../src/sandbox/processTable.ts'
import { PATIENCE } from '../support/processes.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { artifact, defineConfig, file, text, tree } from 'lbuild'
const seen = artifact('seen', {
  inputs: { plain: file('plain'), script: file('script'), src: tree('src') },
  params: { root: text('') },
  env: ['DECLARED', 'NOT_SET'],
  tools: ['id'],
  outputs: { seen: 'seen.json' },
  async produce({ inputs, outputs, params, run, work, scratch, epoch }) {
    const fs = await import('node:fs')
    const os = await import('node:os')
    const attempt = (action) => { try { return action() } catch (error) { return error.code } }
    const state = (path) => {
      const { mode, mtimeMs, uid } = fs.lstatSync(path)
      return { mode: (mode & 0o7777).toString(8), mtime: mtimeMs / 1000, uid }
    }
    fs.writeFileSync(scratch + '/x', '')
    const connected = await new Promise((resolve) =>
      import('node:net').then(({ connect }) => connect(80, '192.0.2.1').on('connect', () => resolve('connected')).on('error', ({ code }) => resolve(code))))
    fs.writeFileSync(outputs.seen, JSON.stringify({
      env: process.env,
      id: (await run('id', ['-u'])).stdout,
      epoch,
      names: fs.readdirSync('/').sort(),
      workspace: attempt(() => fs.readFileSync(params.root + '/secret', 'utf8')),
      home: attempt(() => fs.readdirSync('/home')),
      write: attempt(() => fs.writeFileSync(inputs.plain, 'changed')),
      create: attempt(() => fs.writeFileSync(inputs.src + '/new', '')),
      usr: attempt(() => fs.writeFileSync('/usr/new', '')),
      network: Object.values(os.networkInterfaces()).flat().filter(({ internal }) => !internal),
      connected,
      hostname: os.hostname(),
      processes: fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length,
      states: Object.fromEntries(['', '/deep', '/deep/exe', '/deep/file', '/link', '/empty'].map((path) => [path, state(inputs.src + path)])),
      plain: state(inputs.plain),
      script: state(inputs.script),
      umask: process.umask().toString(8),
    }))
  },
})
export default defineConfig({ artifacts: [seen], epoch: 1000000000 })
`

interface Seen {
  readonly [name: string]: unknown
  readonly env: Readonly<Record<string, string>>
  readonly names: readonly string[]
  readonly processes: number
}

const EPOCH = 1_000_000_000
const workspace = new TestWorkspace({}, TestWorkspace.lasting())
let seen: Seen

beforeAll(async () => {
  const files = {
    'build.config.ts': CONFIG,
    secret: 'not declared',
    plain: 'plain',
    script: 'x',
    'src/deep/file': 'f',
    'src/deep/exe': 'e',
  }
  for (const [path, content] of Object.entries(files)) workspace.write(path, content)
  mkdirSync(workspace.path('src/empty'), { mode: 0o700 })
  symlinkSync('deep/file', workspace.path('src/link'))
  chmodSync(workspace.path('plain'), 0o600)
  chmodSync(workspace.path('script'), 0o4750)
  chmodSync(workspace.path('src/deep/file'), 0o666)
  chmodSync(workspace.path('src/deep/exe'), 0o700)
  utimesSync(workspace.path('src/deep'), 5, 5)
  Object.assign(workspace.env, {
    DECLARED: 'value',
    UNDECLARED: 'x',
    LANG: 'de_DE.UTF-8',
    TZ: 'Asia/Tokyo',
    HOME: '/root',
  })
  const { code, stderr } = await workspace.lbuild('seen', '--root', workspace.root)
  expect(stderr).not.toContain('unconfined')
  if (code !== 0) throw new Error(stderr)
  seen = JSON.parse(workspace.read('output/seen.json')) as Seen
}, 60_000)

describe('a producer', () => {
  it('has a fixed environment and the variables that it declares', () => {
    const { PATH, PWD: _, ...rest } = seen.env
    expect(rest).toEqual({
      DECLARED: 'value',
      HOME: '/work',
      TMPDIR: '/scratch',
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      SOURCE_DATE_EPOCH: String(EPOCH),
    })
    expect(PATH).toMatch(/^\/usr\/local\/sbin:/)
    expect(seen['umask']).toBe('22')
    expect(seen['hostname']).toBe('lbuild')
  })

  it('is user 0 in a root file system of its own', () => {
    expect(seen['id']).toBe('0\n')
    expect(seen.names.filter((name) => ['home', 'root', 'var', 'srv', 'opt'].includes(name))).toEqual([])
    expect(seen.processes).toBeLessThan(6)
  })

  it('sees no undeclared file', () => {
    expect([seen['workspace'], seen['home']]).toEqual(['ENOENT', 'ENOENT'])
  })

  it('cannot write to its inputs or to the system', () => {
    expect([seen['write'], seen['create'], seen['usr']]).toEqual(['EROFS', 'EROFS', 'EROFS'])
    expect(workspace.read('plain')).toBe('plain')
  })

  it('has no network', () => {
    expect(seen['network']).toEqual([])
    expect(seen['connected']).toBe('ENETUNREACH')
  })

  it('sees files with mode 644 or 755, owned by user 0, with the epoch as their time', () => {
    const file = { mode: '644', mtime: EPOCH, uid: 0 }
    const executable = { ...file, mode: '755' }
    expect(seen['plain']).toEqual(file)
    expect(seen['script']).toEqual(executable)
    expect(seen['states']).toEqual({
      '': executable,
      '/deep': executable,
      '/deep/exe': executable,
      '/deep/file': file,
      '/link': { ...file, mode: '777' },
      '/empty': executable,
    })
    expect(seen['epoch']).toBe(EPOCH)
  })
})

it('a producer that resists ends with lbuild, even after SIGKILL, and so do its daemons', async () => {
  const time = `600.${process.pid}`
  const resisting = new TestWorkspace({
    'build.config.ts': `import { spawn } from 'node:child_process'
import { artifact, defineConfig } from 'lbuild'
const one = artifact('one', { outputs: { one: 'one.txt' },
  produce() {
    process.stdin.removeAllListeners('end')
    spawn('setsid', ['sleep', '${time}'], { stdio: 'ignore', detached: true })
    return new Promise((resolve) => setTimeout(resolve, 600_000))
  },
})
export default defineConfig({ artifacts: [one] })
`,
  })
  const daemons = (): readonly string[] =>
    readdirSync('/proc').filter((id) => /^\d+$/.test(id) && readProc(`${id}/cmdline`)?.includes(time))
  const build = resisting.start('one')
  await vi.waitUntil(() => daemons().length > 0, { timeout: PATIENCE })
  build.child.kill('SIGKILL')
  await build.ended
  await vi.waitUntil(() => daemons().length === 0, { timeout: PATIENCE })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Meeting } from '../support/meeting.ts'
import { allEnded, processesOf, waiting } from '../support/processes.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { artifact, defineConfig, file } from 'lbuild'
const slow = artifact('slow', {
  inputs: { note: file('note.txt') }, tools: ['meet', 'cp'], outputs: { slow: 'slow.txt' },
  async produce({ inputs, outputs, run }) {
    await run('meet', [])
    await run('cp', [inputs.note, outputs.slow])
  },
})
const quick = artifact('quick', { inputs: { note: file('note.txt') }, tools: ['cp'], outputs: { quick: 'quick.txt' },
  async produce({ inputs, outputs, run }) { await run('cp', [inputs.note, outputs.quick]) } })
export default defineConfig({ artifacts: [slow, quick], toolPath: ['tools'] })
`

function workspaceWithMeeting(): { workspace: TestWorkspace; meeting: Meeting } {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG, 'note.txt': 'before' })
  return { workspace, meeting: new Meeting(workspace) }
}

describe('a build that is interrupted', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'by %s exits with %i; no process and no work directory survives, and the old output stands',
    async (signal, exitCode) => {
      const { workspace, meeting } = workspaceWithMeeting()
      workspace.write('output/slow.txt', 'old')
      const build = workspace.start('slow')
      await meeting.arrived(build)
      build.child.kill(signal)
      expect((await build.ended).code).toBe(exitCode)
      // What the kernel was told to kill may take a moment to be gone.
      await allEnded(workspace.root)
      expect(readdirSync(workspace.path('cache/work'))).toEqual([])
      expect(workspace.read('output/slow.txt')).toBe('old')
      expect(workspace.state('cache/records')).toEqual({})
      expect((await workspace.build('quick', '--no-wait')).ran).toEqual(['quick'])
    },
  )

  it.each([
    [[], /^interrupted after [\d.]+ s: built quick; slow did not finish; last did not start$/m],
    [['--quiet'], /^$/],
  ] as const)('with %j says what it had done', async (options, words) => {
    const { workspace, meeting } = workspaceWithMeeting()
    workspace.edit(
      'build.config.ts',
      'export default defineConfig({ artifacts: [slow, quick]',
      `const last = artifact('last', { inputs: { slow: slow.output('slow') }, outputs: { o: 'last' }, produce() {} })
export default defineConfig({ artifacts: [quick, slow, last]`,
    )
    const build = workspace.start('quick', 'last', '--jobs', '1', ...options)
    await meeting.arrived(build)
    build.child.kill('SIGINT')
    const { code, stdout, stderr } = await build.ended
    expect(stderr).toMatch(words)
    expect([code, stdout]).toEqual([130, ''])
  })

  it('before it would have been booted says so, too', async () => {
    const { workspace, meeting } = workspaceWithMeeting()
    workspace.edit('build.config.ts', 'slow.txt', 'slow.iso')
    const boot = workspace.start('boot', 'slow')
    await meeting.arrived(boot)
    boot.child.kill('SIGINT')
    const { code, stderr } = await boot.ended
    expect(stderr).toMatch(/^interrupted after [\d.]+ s: nothing was built; slow did not finish$/m)
    expect(code).toBe(130)
  })

  it('by SIGKILL: its producers end with it, the lock is free, and the next build clears up', async () => {
    const { workspace, meeting } = workspaceWithMeeting()
    const build = workspace.start('slow')
    await meeting.arrived(build)
    build.child.kill('SIGKILL')
    expect((await build.ended).code).toBe('SIGKILL')
    expect((await workspace.build('quick', '--no-wait')).ran).toEqual(['quick'])
    expect(readdirSync(workspace.path('cache/work'))).toEqual([])
    // The kernel ends them; nothing tells when it has.
    await allEnded(workspace.root)
  })
})

describe('while another holds the lock of the workspace', () => {
  /** Another program that holds the lock until it is let go. */
  async function holder(workspace: TestWorkspace): Promise<() => void> {
    workspace.write('cache/lock', '')
    const child = spawn('flock', [workspace.path('cache/lock'), '-c', 'echo held; read -r line'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    return () => void child.stdin.end('go\n')
  }

  it('--no-wait exits with 75 and names the lock; looking needs no lock', async () => {
    const { workspace } = workspaceWithMeeting()
    const release = await holder(workspace)
    const { code, stderr } = await workspace.lbuild('quick', '--no-wait')
    expect(stderr).toContain('another build holds the workspace lock')
    expect(stderr).toContain(workspace.path('cache/lock'))
    expect(code).toBe(75)
    expect(workspace.exists('output')).toBe(false)
    expect((await workspace.lbuild('status')).code).toBe(0)
    release()
  })

  it('a build says that it waits, and builds when the lock is let go', async () => {
    const { workspace } = workspaceWithMeeting()
    const release = await holder(workspace)
    const build = workspace.start('quick', '--json')
    await waiting(build)
    workspace.write('note.txt', 'edited while it waited')
    release()
    expect((await build.ended).code).toBe(0)
    expect(workspace.read('output/quick.txt')).toBe('edited while it waited')
  })

  it('a build that waits can be interrupted', async () => {
    const { workspace } = workspaceWithMeeting()
    const release = await holder(workspace)
    const build = workspace.start('quick')
    await waiting(build)
    build.child.kill('SIGINT')
    const { code, stderr } = await build.ended
    expect(stderr).toMatch(/^interrupted after [\d.]+ s: nothing was built$/m)
    expect(code).toBe(130)
    expect(processesOf(workspace.root)).toHaveLength(1)
    release()
  })
})

it('several builds at once all end well, and every artifact runs once', async () => {
  const { workspace } = workspaceWithMeeting()
  workspace.edit('build.config.ts', `await run('meet', [])`, '')
  const builds = await Promise.all([1, 2, 3, 4].map(() => workspace.build('slow', 'quick')))
  expect(builds.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0, 0, 0])
  expect(builds.flatMap(({ ran }) => ran).toSorted()).toEqual(['quick', 'slow'])
  expect(workspace.read('output/slow.txt')).toBe('before')
  expect((await workspace.build('slow', 'quick')).report.artifacts.map(({ outcome }) => outcome)).toEqual([
    'fresh',
    'fresh',
  ])
  expect(readdirSync(workspace.path('cache/work'))).toEqual([])
})

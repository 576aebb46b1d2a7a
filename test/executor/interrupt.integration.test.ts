// Tests interrupted builds, and builds that wait for the workspace lock.
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

describe('an interrupted build', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'exits after %s with %i, leaves no process and no work directory, and does not change the output',
    async (signal, exitCode) => {
      const { workspace, meeting } = workspaceWithMeeting()
      workspace.write('output/slow.txt', 'old')
      const build = workspace.start('slow')
      await meeting.arrived(build)
      build.child.kill(signal)
      expect((await build.ended).code).toBe(exitCode)
      // The kernel may need a moment to end killed processes.
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
  ] as const)('with the options %j reports what it did', async (options, message) => {
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
    expect(stderr).toMatch(message)
    expect([code, stdout]).toEqual([130, ''])
  })

  it('is reported if it was to be booted', async () => {
    const { workspace, meeting } = workspaceWithMeeting()
    workspace.edit('build.config.ts', 'slow.txt', 'slow.iso')
    const boot = workspace.start('boot', 'slow')
    await meeting.arrived(boot)
    boot.child.kill('SIGINT')
    const { code, stderr } = await boot.ended
    expect(stderr).toMatch(/^interrupted after [\d.]+ s: nothing was built; slow did not finish$/m)
    expect(code).toBe(130)
  })

  it('ends its producers and frees the lock even after SIGKILL; the next build removes its work directory', async () => {
    const { workspace, meeting } = workspaceWithMeeting()
    const build = workspace.start('slow')
    await meeting.arrived(build)
    build.child.kill('SIGKILL')
    expect((await build.ended).code).toBe('SIGKILL')
    expect((await workspace.build('quick', '--no-wait')).ran).toEqual(['quick'])
    expect(readdirSync(workspace.path('cache/work'))).toEqual([])
    // The kernel ends the processes without a notification.
    await allEnded(workspace.root)
  })
})

describe('while another process holds the workspace lock,', () => {
  /** Another program takes the lock; returns a function that makes it release the lock. */
  async function holdLock(workspace: TestWorkspace): Promise<() => void> {
    workspace.write('cache/lock', '')
    const child = spawn('flock', [workspace.path('cache/lock'), '-c', 'echo locked; read -r line'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    return () => void child.stdin.end('go\n')
  }

  it('--no-wait exits with 75 and names the lock; status needs no lock', async () => {
    const { workspace } = workspaceWithMeeting()
    const release = await holdLock(workspace)
    const { code, stderr } = await workspace.lbuild('quick', '--no-wait')
    expect(stderr).toContain('another lbuild process holds the workspace lock')
    expect(stderr).toContain(workspace.path('cache/lock'))
    expect(code).toBe(75)
    expect(workspace.exists('output')).toBe(false)
    expect((await workspace.lbuild('status')).code).toBe(0)
    release()
  })

  it('a build reports that it waits, and starts once the lock is free', async () => {
    const { workspace } = workspaceWithMeeting()
    const release = await holdLock(workspace)
    const build = workspace.start('quick', '--json')
    await waiting(build)
    workspace.write('note.txt', 'edited while it waited')
    release()
    expect((await build.ended).code).toBe(0)
    expect(workspace.read('output/quick.txt')).toBe('edited while it waited')
  })

  it('a waiting build can be interrupted', async () => {
    const { workspace } = workspaceWithMeeting()
    const release = await holdLock(workspace)
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

it('several simultaneous builds succeed, and every artifact runs once', async () => {
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

// Tests watch during a build: changes, other builds and signals.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { allEnded, PATIENCE, processesOf } from '../support/processes.ts'
import type { Meeting } from '../support/meeting.ts'
import { meetInOther } from '../support/tiny.ts'
import { artifactsOf, builtWatched, nextBuildEvent, Watching } from '../support/watching.ts'
import type { TestWorkspace } from '../support/workspace.ts'

const fresh = builtWatched()

/** A workspace whose stale artifact `other` waits at a meeting while it is built. */
async function withMeeting(): Promise<{ workspace: TestWorkspace; meeting: Meeting }> {
  const workspace = fresh()
  const meeting = meetInOther(workspace)
  // The first build asks the meeting tool for its version, which is a meeting of its own.
  await meeting.toTheEnd(workspace.start('other'))
  workspace.write('note.txt', 'first')
  return { workspace, meeting }
}

describe('a change during a build', () => {
  it('cancels the run that it makes stale, discards its outputs, and builds the newest version', async () => {
    const { workspace, meeting } = await withMeeting()
    const watching = Watching.start(workspace)
    await meeting.arrived(watching)
    const from = watching.events.length
    workspace.write('note.txt', 'saved during the build')
    await nextBuildEvent(watching, 'cancelled', 'other', from)
    await meeting.arrived(watching)
    expect(readdirSync(workspace.path('cache/work')).filter((name) => name.endsWith('.other'))).toHaveLength(
      1,
    )
    await meeting.release()
    const idle = await watching.next('idle')
    expect(idle).toMatchObject({ fresh: true, failed: [] })
    expect(artifactsOf(watching.events, 'running').filter((name) => name === 'other')).toHaveLength(2)
    expect(artifactsOf(watching.events, 'built').filter((name) => name === 'other')).toHaveLength(1)
    expect(artifactsOf(watching.events, 'failed')).toEqual([])
    expect(workspace.read('output/other.txt')).toBe('saved during the build')
    expect(readdirSync(workspace.path('cache/work'))).toEqual([])
    expect(watching.events.filter(({ type }) => type === 'built')).toHaveLength(1)
  })

  it('lets unaffected runs continue, and builds affected artifacts beside them', async () => {
    const { workspace, meeting } = await withMeeting()
    const watching = Watching.start(workspace, '--jobs', '2')
    await meeting.arrived(watching)
    const from = watching.events.length
    workspace.write('src/hello', 'saved during the build')
    await nextBuildEvent(watching, 'built', 'image', from)
    await meeting.release()
    await watching.next('idle')
    expect(artifactsOf(watching.events, 'cancelled')).toEqual([])
    expect(artifactsOf(watching.events, 'built').sort()).toEqual(['image', 'names', 'other', 'packed'])
  })

  it('in a new directory is noticed during the build', async () => {
    const { workspace, meeting } = await withMeeting()
    const watching = Watching.start(workspace, '--jobs', '2')
    await meeting.arrived(watching)
    let from = watching.events.length
    workspace.write('src/new/deep/file', 'first')
    await nextBuildEvent(watching, 'built', 'image', from)
    from = watching.events.length
    workspace.write('src/new/deep/file', 'second')
    await nextBuildEvent(watching, 'built', 'image', from)
    await meeting.release()
    await watching.next('idle')
    expect(watching.events.filter(({ type }) => type === 'building')).toHaveLength(1)
  })

  it('that is reverted lets the run continue', async () => {
    const { workspace, meeting } = await withMeeting()
    const watching = Watching.start(workspace)
    await meeting.arrived(watching)
    const from = watching.events.length
    workspace.write('note.txt', 'first')
    workspace.write('stamp', 'seen')
    await nextBuildEvent(watching, 'built', 'stamp', from)
    await meeting.release()
    await watching.next('idle')
    expect(artifactsOf(watching.events, 'cancelled')).toEqual([])
    expect(artifactsOf(watching.events, 'running').filter((name) => name === 'other')).toEqual(['other'])
  })

  it('with --no-cancel takes effect after the build', async () => {
    const { workspace, meeting } = await withMeeting()
    const watching = Watching.start(workspace, '--no-cancel')
    await meeting.arrived(watching)
    workspace.write('note.txt', 'saved during the build')
    await meeting.release()
    await meeting.arrived(watching)
    expect(workspace.read('output/other.txt')).toBe('first')
    await meeting.release()
    await watching.next('idle')
    expect(artifactsOf(watching.events, 'cancelled')).toEqual([])
    expect(workspace.read('output/other.txt')).toBe('saved during the build')
  })

  it('of the graph cancels the build, and starts another with the new graph', async () => {
    const { workspace, meeting } = await withMeeting()
    const watching = Watching.start(workspace)
    await meeting.arrived(watching)
    workspace.edit('artifacts/other.ts', "await run('meet', [])", '')
    const built = await watching.next('built')
    expect(built.outcome).toBe('cancelled')
    await watching.next('idle')
    expect(workspace.read('output/other.txt')).toBe('first')
    expect(readdirSync(workspace.path('cache/work'))).toEqual([])
    expect((await workspace.lbuild('status', '--check')).code).toBe(0)
  })
})

describe('the workspace lock', () => {
  it('is free while watch is idle, and watch waits while another build holds it', async () => {
    const workspace = fresh()
    const watching = await Watching.of(workspace)
    expect((await workspace.build('other', '--force', '--no-wait')).ran).toEqual(['other'])
    const child = spawn('flock', [workspace.path('cache/lock'), '-c', 'echo held; read -r line'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    const from = watching.events.length
    workspace.write('note.txt', 'one')
    await watching.next('build', from, ({ event }) => event.type === 'waiting')
    workspace.write('note.txt', 'two')
    child.stdin.end('go\n')
    await watching.next('idle', from)
    expect(workspace.read('output/other.txt')).toBe('two')
    expect(artifactsOf(watching.events.slice(from), 'running')).toEqual(['other'])
  })
})

describe('a watch that is stopped', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s while it is idle, or builds with a tool that ignores the signal, exits with %i and leaves nothing',
    async (signal, code) => {
      const workspace = fresh()
      const idle = await Watching.of(workspace)
      idle.child.kill(signal)
      expect((await idle.ended).code).toBe(code)
      const meeting = meetInOther(workspace)
      meeting.stubborn()
      const busy = Watching.start(workspace)
      await meeting.arrived(busy)
      busy.child.kill(signal)
      expect((await busy.ended).code).toBe(code)
      // Killed processes take a moment to end.
      await allEnded(workspace.root)
      expect(readdirSync(workspace.path('cache/work'))).toEqual([])
    },
  )

  it('by SIGKILL while a config loads leaves no process', async () => {
    const workspace = fresh()
    const watching = await Watching.of(workspace)
    const before = workspace.read('build.config.ts')
    workspace.write(
      'build.config.ts',
      `${before}\nsetInterval(() => {}, 1000)\nawait new Promise(() => {})\n`,
    )
    await vi.waitUntil(() => processesOf(workspace.root).length > 1, { timeout: PATIENCE })
    watching.child.kill('SIGKILL')
    await watching.ended
    await allEnded(workspace.root)
  })

  it('by SIGKILL leaves no process, and the next build cleans up', async () => {
    const { workspace, meeting } = await withMeeting()
    const watching = Watching.start(workspace)
    await meeting.arrived(watching)
    watching.child.kill('SIGKILL')
    await watching.ended
    // The kernel kills them, and nothing reports when it has.
    await allEnded(workspace.root)
    expect(workspace.read('output/other.txt')).toBe('a note\n')
    expect((await workspace.build('stamp', 'roster', '--no-wait')).code).toBe(0)
    expect(readdirSync(workspace.path('cache/work'))).toEqual([])
    await meeting.toTheEnd(workspace.start('other'))
    expect(workspace.read('output/other.txt')).toBe('first')
  })
})

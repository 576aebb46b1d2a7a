// Tests which signals end a build, and that those stay ignored that were ignored when lbuild started.
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { PATIENCE } from '../support/processes.ts'
import { builtTiny, meetInOther } from '../support/tiny.ts'

const fresh = builtTiny()

/** Sends a signal to lbuild and to all processes of its session, as the kernel does when a terminal is lost. */
const hitGroup = ({ pid }: ChildProcess, signal: NodeJS.Signals): void => void process.kill(-pid!, signal)

/** The names of the programs that a process has started (proc_pid_task_children(5)). */
const childrenOf = ({ pid }: ChildProcess): readonly string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    .split(' ')
    .filter(Boolean)
    .map((id) => readFileSync(`/proc/${id}/comm`, 'latin1').trim())

describe.each(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const)('%s', (signal) => {
  it('does not end a build that was started with this signal ignored', async () => {
    const workspace = fresh()
    const meeting = meetInOther(workspace)
    const build = workspace.ignoring(signal.slice(3)).start('other')
    await meeting.arrived(build)
    hitGroup(build.child, signal)
    hitGroup(build.child, signal)
    await meeting.release()
    expect(await build.ended).toMatchObject({ code: 0, stderr: expect.not.stringContaining('interrupted') })
    expect(workspace.read('output/other.txt')).toBe('a note\n')
  })

  it('ends a build that was started with other signals ignored', async () => {
    const workspace = fresh()
    const meeting = meetInOther(workspace)
    const others = ['HUP', 'INT', 'QUIT', 'TERM'].filter((name) => `SIG${name}` !== signal)
    const build = workspace.ignoring(...others).start('other')
    await meeting.arrived(build)
    hitGroup(build.child, signal)
    const codes = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 'SIGQUIT', SIGTERM: 143 }
    expect((await build.ended).code).toBe(codes[signal])
  })
})

it('a build that waits for another one outlasts the loss of its terminal', async () => {
  const workspace = fresh()
  const meeting = meetInOther(workspace)
  const first = workspace.start('other')
  await meeting.arrived(first)
  const second = workspace.ignoring('HUP').start('roster', '--force')
  await vi.waitUntil(() => childrenOf(second.child).includes('flock'), { timeout: PATIENCE })
  hitGroup(second.child, 'SIGHUP')
  await meeting.release()
  expect([(await first.ended).code, (await second.ended).code]).toEqual([0, 0])
})

it('the state that the first line of lbuild hands on is not in the environment of its children', async () => {
  const workspace = fresh()
  const { stdout } = await workspace
    .ignoring('HUP')
    .lbuild('watch', 'other', '--json', '--exec', '--', 'sh', '-c', END)
  expect(stdout).toContain('"state":"ended"')
  expect(workspace.read('environment')).not.toContain('LBUILD_STARTED')
})

/** Writes the environment to a file, and ends watch. */
const END = 'env >environment; kill $PPID'

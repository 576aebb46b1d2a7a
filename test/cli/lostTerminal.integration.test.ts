// Tests builds whose terminal is lost, as with an ssh connection, while they ignore SIGHUP.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { PATIENCE } from '../support/processes.ts'
import { builtTiny, meetInOther } from '../support/tiny.ts'
import { builtWatched } from '../support/watching.ts'
import type { TestWorkspace } from '../support/workspace.ts'

const tiny = builtTiny()
const watched = builtWatched()

/**
 * Runs a command of the shell in a terminal of its own, where `lbuild` is the command line and SIGHUP is ignored. Afterwards
 * the file `code` contains its exit code.
 */
function inTerminal({ root, program }: TestWorkspace, command: string): { lose(): Promise<void> } {
  const script = `trap '' HUP; lbuild() { '${program}' "$@"; }; ${command}; echo $? >code.new; mv code.new code`
  const terminal = spawn('script', ['-qec', script, '/dev/null'], {
    cwd: root,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  return {
    async lose() {
      terminal.kill('SIGKILL')
      await once(terminal, 'close')
    },
  }
}

/** The exit code of the command, when it has ended. */
async function codeOf(workspace: TestWorkspace): Promise<number> {
  await vi.waitUntil(() => workspace.exists('code'), { timeout: PATIENCE })
  return Number(workspace.read('code'))
}

/** Never settles: a build in a terminal reports its end in a file. */
const UNKNOWN = { ended: new Promise<never>(() => {}) }

describe('a build outlasts the loss of', () => {
  it.each([
    ['its terminal', 'lbuild other'],
    ['the terminal of its standard output', 'lbuild other </dev/null 2>log'],
    ['the terminal of its messages', 'lbuild other </dev/null >log'],
    ['the terminal of its standard input', 'lbuild other >log 2>&1'],
    ['a terminal that receives JSON', 'lbuild other --json'],
    ['a terminal that it uses twice', 'lbuild other --verbose </dev/tty'],
  ])('%s', async (_, command) => {
    const workspace = tiny()
    const meeting = meetInOther(workspace)
    const terminal = inTerminal(workspace, command)
    await meeting.arrived(UNKNOWN)
    await terminal.lose()
    workspace.remove('output/other.txt')
    await meeting.release()
    expect(await codeOf(workspace)).toBe(0)
    expect(workspace.read('output/other.txt')).toBe('a note\n')
  })

  it('its terminal, and still exits with 1 if it fails', async () => {
    const workspace = tiny()
    const meeting = meetInOther(workspace)
    workspace.edit(
      'artifacts/other.ts',
      `await run('meet', [])`,
      `await run('meet', []); throw new Error('bad')`,
    )
    const terminal = inTerminal(workspace, 'lbuild other')
    await meeting.arrived(UNKNOWN)
    await terminal.lose()
    await meeting.release()
    expect(await codeOf(workspace)).toBe(1)
  })
})

it.each(['', 'CI=1 ', 'NO_COLOR=1 '])(
  'a watch with %j goes on without its terminal, until SIGTERM',
  async (env) => {
    const workspace = watched()
    workspace.remove('output/other.txt')
    const terminal = inTerminal(
      workspace,
      `${env}sh -c 'echo $$ >pid; exec "$0" watch other' '${workspace.program}'`,
    )
    await vi.waitUntil(() => workspace.exists('output/other.txt'), { timeout: PATIENCE })
    await terminal.lose()
    workspace.write('note.txt', 'edited')
    await vi.waitUntil(() => workspace.read('output/other.txt') === 'edited', { timeout: PATIENCE })
    process.kill(Number(workspace.read('pid')), 'SIGTERM')
    expect(await codeOf(workspace)).toBe(143)
  },
)

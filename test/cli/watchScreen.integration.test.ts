// Tests the screen of watch: its keys, and that it restores the terminal whenever watch ends.
import { existsSync, readdirSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { WatchKeys } from '../../src/cli/watchScreen/screen.ts'
import { watchScreen } from '../../src/cli/watchScreen/screen.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { allEnded, PATIENCE } from '../support/processes.ts'
import { Terminal } from '../support/terminal.ts'
import { meetInOther } from '../support/tiny.ts'
import type { TestWorkspace } from '../support/workspace.ts'
import { builtWatched, WATCHED_TARGETS } from '../support/watching.ts'
import { EVENTS, idle } from './watchEvents.ts'

const fresh = builtWatched()

const ENTER = '\u001b[?1049h'
const LEAVE = '\u001b[?1049l'

const isPutBack = (after: string, code: number): void => {
  expect(after).toContain(`code ${code}`)
  expect(after).toMatch(/ icanon/)
  expect(after).toMatch(/ echo /)
}

/** Waits until the screen shows a text. The shell shows the path of lbuild before, which may contain any text. */
async function screenShows(terminal: Terminal, text: string, from = 0): Promise<void> {
  await terminal.shows(ENTER, from)
  await terminal.shows(text, terminal.text.indexOf(ENTER, from))
}

describe('the terminal', () => {
  it.each([
    ['q', 0],
    ['\u0003', 130],
    ['SIGTERM', 143],
  ])('is restored on %j, with exit code %i', async (how, code) => {
    const terminal = Terminal.running(fresh(), 'watch', ...WATCHED_TARGETS)
    await terminal.shows('fresh')
    if (how === 'SIGTERM') terminal.kill(how)
    else terminal.press(how)
    const after = await terminal.putBack()
    expect(terminal.text).toContain('\u001b[?1049h')
    isPutBack(after, code)
  })

  it.each([
    ['q', 0],
    ['\u0003', 130],
  ])('is restored on %j during a build whose tool ignores signals', async (key, code) => {
    const workspace = fresh()
    const meeting = meetInOther(workspace)
    meeting.stubborn()
    const terminal = Terminal.running(workspace, 'watch', ...WATCHED_TARGETS)
    const ended = terminal.putBack()
    await meeting.arrived({ ended: ended.then((stdout) => ({ code: 0, stdout, stderr: '' })) })
    terminal.press(key)
    isPutBack(await ended, code)
    // Killed processes take a moment to end.
    await allEnded(workspace.root)
    expect(readdirSync(workspace.path('cache/work'))).toEqual([])
  })
})

describe('job control', () => {
  /** The command line of watch, which shows its process id. */
  const watch = ({ program }: TestWorkspace): string =>
    `sh -c 'echo "pid $$"; exec "$@"' sh '${program}' watch ${WATCHED_TARGETS.join(' ')}`

  /** Waits until the job ends, as the shell reports, and shows the settings of the terminal. */
  async function jobEnds(terminal: Terminal, how: string): Promise<void> {
    const from = terminal.text.length
    // Keys that are pressed meanwhile would be input of a job that reads in the background.
    await vi.waitUntil(() => !existsSync(`/proc/${terminal.pid}`), { timeout: PATIENCE })
    terminal.type('echo "code 0"; stty -a; exit')
    await terminal.ended()
    expect(terminal.text.slice(from)).toContain(how)
    isPutBack(terminal.text.slice(from), 0)
  }

  it.each(['\u001a', 'SIGTSTP', 'SIGSTOP'] as const)(
    'kill ends the job of a watch that was stopped by %j',
    async (how) => {
      const workspace = fresh()
      const terminal = Terminal.withShell(workspace)
      terminal.type(watch(workspace))
      await screenShows(terminal, 'fresh')
      if (how === '\u001a') terminal.press(how)
      else terminal.kill(how)
      await terminal.shows('Stopped')
      terminal.type('kill %1')
      await jobEnds(terminal, 'Exit 143')
      expect(terminal.text).toContain(LEAVE)
    },
  )

  it('SIGTERM ends a watch in the background, which leaves the terminal alone', async () => {
    const workspace = fresh()
    workspace.remove('output/other.txt')
    const terminal = Terminal.withShell(workspace)
    terminal.type(`${watch(workspace)} &`)
    await vi.waitUntil(() => workspace.exists('output/other.txt'), { timeout: PATIENCE })
    terminal.type('kill -TERM %1')
    await jobEnds(terminal, 'Exit 143')
    expect(terminal.text).not.toContain(ENTER)
  })

  it('a watch takes the terminal when fg brings it to the foreground, and restores it in the background', async () => {
    const workspace = fresh()
    const terminal = Terminal.withShell(workspace)
    terminal.type(`${watch(workspace)} &`)
    terminal.type('fg')
    await screenShows(terminal, 'fresh')
    const from = terminal.text.length
    terminal.press('\u001a')
    await terminal.shows('Stopped', from)
    terminal.type('bg')
    const back = terminal.type('fg')
    await screenShows(terminal, 'fresh', back)
    terminal.press('q')
    await terminal.shows(LEAVE, back)
    expect(terminal.text.slice(back)).not.toContain('Stopped')
    terminal.type('echo "code 0"; stty -a; exit')
    await terminal.ended()
    isPutBack(terminal.text.slice(terminal.text.lastIndexOf(LEAVE)), 0)
  })
})

it('b says that there is nothing to build', async () => {
  const terminal = Terminal.running(fresh(), 'watch', ...WATCHED_TARGETS)
  await terminal.shows('fresh')
  terminal.press('b')
  await terminal.shows('nothing to build')
  terminal.press('q')
  isPutBack(await terminal.putBack(), 0)
})

it('b retries what failed and is unchanged', async () => {
  const workspace = fresh()
  workspace.edit('artifacts/other.ts', '=> copyFileSync', '=> missing || copyFileSync')
  const terminal = Terminal.running(workspace, 'watch', ...WATCHED_TARGETS)
  await terminal.shows('waiting for a change')
  const from = terminal.text.length
  terminal.press('b')
  await terminal.shows('running', from)
  await terminal.shows('waiting for a change', from)
  terminal.press('q')
  isPutBack(await terminal.putBack(), 0)
})

/** The screen on streams of the test. */
function screen(keys: Partial<WatchKeys> = {}) {
  const output = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns: 80, rows: 24 })
  const input = Object.assign(new PassThrough(), { setRawMode: vi.fn() })
  const calls: string[] = []
  const view = watchScreen(output as unknown as NodeJS.WriteStream, input as unknown as NodeJS.ReadStream, {
    build: () => calls.push('build'),
    quit: () => calls.push('quit'),
    graph: () => ['image', '├── names'],
    ...keys,
  })
  onTestFinished(() => view.close())
  for (const event of [idle, ...EVENTS]) view.listener(event)
  /** Presses a key, and returns what is drawn. */
  const press = async (key: string): Promise<string> => {
    output.read()
    input.emit('data', key)
    await vi.waitUntil(() => output.readableLength > 0, { timeout: PATIENCE })
    return stripVTControlCharacters(String(output.read()))
  }
  return { press, calls, output, view, input }
}

describe('the keys', () => {
  it('w, g and ? show a page each, and any key returns', async () => {
    const { press, calls } = screen()
    expect(await press('w')).toMatch(/this build runs:\s+never built: artifact-7\s+→ artifact-7 +is running/)
    expect(await press('q')).toContain('building image')
    expect(await press('g')).toMatch(/image\s+├── names/)
    expect(await press('b')).toContain('building image')
    expect(await press('?')).toContain('the dependency graph')
    expect(await press(' ')).toContain('building image')
    expect(await press('x')).toContain('building image')
    expect(calls).toEqual([])
  })

  it('g shows the last lines of a long graph after End, also on a terminal that was resized', async () => {
    const { press, output } = screen({ graph: () => Array.from({ length: 60 }, (_, at) => `node-${at}`) })
    expect(await press('g')).not.toContain('node-59')
    expect(await press('\u001b[F')).toContain('node-59')
    Object.assign(output, { columns: 30, rows: 8 }).emit('resize')
    expect(String(output.read())).not.toContain('node-59')
    const end = await press('\u001b[B\u001b[F')
    expect(end).toContain('node-59')
    expect(end).toContain('56–60 of 60')
    expect(await press('q')).toContain('building image')
  })

  it.each([
    ['ran', { ran: ['artifact-7'] }],
    ['was restored from the store', { restored: ['artifact-7'] }],
    ['failed', { failed: ['artifact-7'] }],
    ['did not run', {}],
  ])('w shows the outcome of each artifact after a build: it %s', async (words, ended) => {
    const { press, view } = screen()
    const outcome = { outcome: 'done', ran: [], restored: [], failed: [], seconds: 1 } as const
    view.listener({ type: 'built', ...outcome, ...ended })
    view.listener(idle)
    const page = await press('w')
    expect(page).toMatch(
      new RegExp(`the last build ran:\\s+never built: artifact-7\\s+→ artifact-7 +${words}`),
    )
  })

  it('b builds, q quits, and r restarts a machine', async () => {
    const { press, calls } = screen()
    expect(await press('b')).not.toContain('restart')
    await press('r')
    await press('q')
    expect(calls).toEqual(['build', 'quit'])
    const restart = vi.fn()
    const withMachine = screen({ restart })
    expect(await withMachine.press('r')).toContain('r restart the VM')
    expect(restart).toHaveBeenCalledOnce()
  })

  it('b is answered when there is nothing to build, until a build starts', async () => {
    const { press, view, output } = screen()
    const shown = (event: WatchEvent): string => {
      output.read()
      view.listener(event)
      return stripVTControlCharacters(String(output.read()))
    }
    const built: WatchEvent = {
      type: 'built',
      outcome: 'done',
      ran: [],
      restored: [],
      failed: [],
      seconds: 1,
    }
    await press('b')
    expect(shown(built)).not.toContain('nothing to build')
    expect(shown(idle)).not.toContain('nothing to build')
    await press('b')
    expect(shown({ ...idle, fresh: false })).not.toContain('nothing to build')
    await press('b')
    expect(shown(idle)).toMatch(/note +nothing to build/)
    await press('b')
    expect(shown(idle).match(/nothing to build/g)).toHaveLength(1)
    expect(shown({ type: 'building', artifacts: [] })).not.toContain('nothing to build')
  })

  it('redraws on a terminal of another size', () => {
    const { output } = screen()
    output.read()
    Object.assign(output, { columns: 30, rows: 8 }).emit('resize')
    const lines = stripVTControlCharacters(String(output.read())).split('\r\n')
    expect(lines).toHaveLength(8)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(30)
  })
})

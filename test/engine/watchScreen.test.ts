import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { draw } from '../../src/cli/watchPicture.ts'
import type { WatchState } from '../../src/cli/watchState.ts'
import { follow, START } from '../../src/cli/watchState.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { builtWatched, WATCHED_TARGETS } from './support/watching.ts'

// The screen of watch: what it shows fits on any terminal, and the terminal is put back whenever watch ends.

const names = Array.from({ length: 30 }, (_, n) => `artifact-${n}`)
const EVENTS: readonly WatchEvent[] = [
  { type: 'watching', targets: ['image'], backend: 'inotify', directories: 3 },
  { type: 'changed', paths: ['src/hello', `src/${'long'.repeat(40)}`], more: 3 },
  {
    type: 'building',
    artifacts: [{ artifact: 'artifact-7', verdict: 'stale', reasons: [{ kind: 'first-build' }] }],
  },
  { type: 'build', event: { type: 'running', artifact: 'artifact-7', reasons: [], usualSeconds: 9 } },
  { type: 'build', event: { type: 'warning', message: 'mind\u001b[2Jthis\nand this' } },
  {
    type: 'build',
    event: {
      type: 'failed',
      artifact: 'artifact-8',
      reasons: [],
      seconds: 1,
      failure: {
        headline: 'mkfs failed',
        facts: [['command', 'mkfs -x']],
        tail: Array.from({ length: 40 }, (_, n) => `tool line ${n}`).join('\n'),
      },
    },
  },
]

const rows = names.map((artifact) => ({ artifact, verdict: 'fresh', seconds: 1.5 }) as const)
const idle: WatchEvent = { type: 'idle', fresh: true, failed: [], broken: false, artifacts: rows }
const state = [idle, ...EVENTS].reduce((before: WatchState, event) => follow(before, event, 100), START)

const picture = (width: number, height: number): string[] =>
  draw(state, { width, height, now: 103, keys: 'b build  q quit', paint: (_, text) => text })

describe('the picture', () => {
  it.each([
    [80, 24],
    [200, 60],
    [40, 10],
    [20, 5],
    [1, 1],
  ])('fits on %i×%i', (width, height) => {
    const lines = picture(width, height)
    expect(lines).toHaveLength(height)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
  })

  it('shows on 80×24 what runs, what failed with the end of its words, what changed, and the keys', () => {
    const text = picture(80, 24).join('\n')
    expect(text).toContain('building image')
    expect(text).toMatch(/artifact-7 +running +3\.0 s of 1\.5 s/)
    expect(text).toMatch(/artifact-8 +failed/)
    expect(text).toMatch(/… and \d+ more/)
    expect(text).toContain('artifact-8: mkfs failed')
    expect(text).toContain('tool line 39')
    expect(text).toContain('changed  src/hello')
    expect(text).toContain('q quit')
    // What others wrote moves no cursor.
    expect(text).not.toContain('\u001b')
  })

  it('has no failure left when all is fresh again', () => {
    const healed = draw(follow(state, idle, 104), {
      width: 80,
      height: 24,
      now: 104,
      keys: '',
      paint: (_, t) => t,
    })
    expect(healed[0]).toContain('up to date image')
    expect(healed.join('\n')).not.toContain('mkfs')
  })
})

const fresh = builtWatched()

describe('the terminal', () => {
  it.each([
    ['q', 0],
    ['\u0003', 130],
    ['SIGTERM', 143],
  ])('is put back by %j, with exit code %i', async (how, code) => {
    const workspace = fresh()
    // script(1) gives a terminal, and hands on the exit code of what it runs.
    const command = `stty rows 24 cols 80; sh -c 'echo "pid $$"; exec "$@"' sh '${workspace.program}' watch ${WATCHED_TARGETS.join(' ')}; echo "code $?"; stty -a`
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: workspace.root,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let text = ''
    let told = false
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (told || !text.includes('up to date')) return
      told = true
      if (how === 'SIGTERM') process.kill(Number(/pid (\d+)/.exec(text)![1]), how)
      else child.stdin.write(how)
    })
    await once(child, 'close')
    expect(text).toContain('\u001b[?1049h')
    const after = text.slice(text.lastIndexOf('\u001b[?25h\u001b[?1049l'))
    expect(after).toContain(`code ${code}`)
    expect(after).toMatch(/ icanon/)
    expect(after).toMatch(/ echo /)
  })
})

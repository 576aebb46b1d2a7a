// Tests which processes a run waits for, and which it kills without a sandbox.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import type { RunMark } from '../../src/sandbox/leftProcesses.ts'
import { killMarked, newMark, processEnded } from '../../src/sandbox/leftProcesses.ts'
import { parseStat, processState } from '../../src/sandbox/processTable.ts'

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** Starts a program with a limit and an environment, and resolves when it runs. */
async function start(fileSize: string, env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const child = spawn('prlimit', [`--fsize=${fileSize}`, 'sh', '-c', 'echo; exec sleep 600'], {
    env: { PATH: '/usr/bin:/bin', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  started.push(child)
  if (child.stdout) await once(child.stdout, 'data')
  return child
}

const hasEnded = (child: ChildProcess): boolean => child.signalCode !== null

/** Kills the processes of a run; resolves when Node.js has noticed the end of one. */
async function killAndWait(mark: RunMark, child: ChildProcess): Promise<void> {
  await Promise.all([killMarked(mark), once(child, 'exit')])
}

it('each run has a mark of its own, which is no limit for a file', () => {
  const marks = [1, 2, 3].map(() => newMark({}, '/w').fileSize)
  expect(new Set(marks).size).toBe(3)
  for (const mark of marks) expect(BigInt(mark)).toBeGreaterThan(2n ** 62n)
})

it('the mark contains only variables that name the directory of the run', () => {
  const env = {
    HOME: '/w/1/work',
    TMPDIR: '/w/1/scratch',
    PATH: '/usr/bin',
    OTHER: '/w/12/work',
    NEAR: '/w/1',
  }
  expect(newMark(env, '/w/1').variables).toEqual(['HOME=/w/1/work', 'TMPDIR=/w/1/scratch'])
})

it.each([
  ['its limit', (mark: RunMark) => start(mark.fileSize, {})],
  ['its environment', () => start('1000000', { TMPDIR: '/w/1/scratch' })],
])('a process is killed for %s alone, and a process of another run lives', async (_, startMarked) => {
  const mark = newMark({ TMPDIR: '/w/1/scratch' }, '/w/1')
  const another = newMark({ TMPDIR: '/w/2/scratch' }, '/w/2')
  const [marked, unrelated] = [
    await startMarked(mark),
    await start(another.fileSize, {
      TMPDIR: '/w/2/scratch',
      OLDPWD: '/w/1/scratch',
      NOTE: 'TMPDIR=/w/1/scratch',
    }),
  ]
  await killAndWait(mark, marked)
  expect(marked.signalCode).toBe('SIGKILL')
  expect(hasEnded(unrelated)).toBe(false)
})

it('a descendant is killed that removed both marks while its parent lives', async () => {
  const mark = newMark({}, '/w')
  const parent = spawn(
    'prlimit',
    [
      `--fsize=${mark.fileSize}`,
      'sh',
      '-c',
      'setsid prlimit --fsize=1000000 env -i sh -c "echo; exec sleep 600" & wait',
    ],
    { env: { PATH: '/usr/bin:/bin' }, stdio: ['ignore', 'pipe', 'ignore'] },
  )
  started.push(parent)
  await once(parent.stdout, 'data')
  // The descendant holds the pipe, too.
  await Promise.all([killMarked(mark), once(parent, 'close')])
  expect(parent.signalCode).toBe('SIGKILL')
})

it('a run that left nothing needs no wait', async () => {
  await expect(killMarked(newMark({ TMPDIR: '/w/3/scratch' }, '/w/3'))).resolves.toBeUndefined()
})

it('a process has ended when its parent has not noticed yet, but not while it has another thread', () => {
  const stat = (state: string, threads: number): string =>
    `12 (a ) b) ${state} 1 ${'0 '.repeat(15)}${threads} 0 4711 0`
  expect(parseStat(stat('S', 1))).toEqual({
    pid: 12,
    parent: 1,
    threads: 1,
    startTime: 4711,
    hasEnded: false,
  })
  expect(parseStat(stat('Z', 1)).hasEnded).toBe(true)
  expect(parseStat(stat('Z', 2)).hasEnded).toBe(false)
})

it('a process counts as ended when it has ended, not before', async () => {
  const child = await start('1000000', {})
  const state = processState(child.pid ?? 0)
  if (!state) throw new Error('the process is missing')
  const ended = processEnded(state).then(() => 'ended')
  const next = new Promise((resolve) => setImmediate(() => resolve('waits')))
  expect(await Promise.race([ended, next])).toBe('waits')
  child.kill('SIGKILL')
  await ended
  expect(processState(state.pid)?.hasEnded ?? true).toBe(true)
})

it('a process has ended if another one has its number', async () => {
  const state = processState(process.pid)
  if (!state) throw new Error('the process is missing')
  await processEnded({ ...state, startTime: state.startTime - 1 })
})

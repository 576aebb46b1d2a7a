// Ends what a run left behind: waits for its sandbox, or finds and kills its processes without one.
import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from '../platform/failure.ts'
import type { ProcessState } from './processTable.ts'
import { descendantsOf, processState, processStates, readProc } from './processTable.ts'

/**
 * What each process of one run inherits, and no other process has. A process inherits both marks even if it leaves its group
 * and session, changes its directory and closes its files.
 */
export interface RunMark {
  /** A limit on the size of files, in bytes. No file system stores such large files, so it limits nothing. */
  readonly fileSize: string
  /** Entries of the environment that name the directory of the run. */
  readonly variables: readonly string[]
  /** The start of lbuild, in clock ticks since the host started. Older processes are not looked at. */
  readonly since: number
}

/** How long killed processes may take to end, in milliseconds. Large amounts of memory take some seconds to free. */
const PATIENCE = 20_000

/** The number of values that the limit of a mark can have: the probability that two runs share one is negligible. */
const VALUES = 2 ** 48 - 1

/** The mark of a new run, given its environment and its directory. */
export function newMark(env: Readonly<Record<string, string>>, directory: string): RunMark {
  return {
    fileSize: String(2n ** 63n - 1n - BigInt(randomInt(1, VALUES))),
    variables: Object.entries(env).flatMap(([name, value]) =>
      value.startsWith(`${directory}/`) ? [`${name}=${value}`] : [],
    ),
    since: processState(process.pid)?.startTime ?? 0,
  }
}

/**
 * Kills the processes of a run, and resolves when none is left. Repeats that, because they may start others meanwhile. Throws
 * a Failure if some are left after 20 s.
 */
export const killMarked = (mark: RunMark): Promise<void> =>
  repeatUntilEnded(() => {
    const found = markedProcesses(mark)
    for (const state of found) kill(state)
    return found.map(({ pid }) => pid)
  })

/**
 * Resolves when a process has ended. If it is the first of its namespace, all others in there have then ended as well
 * (pid_namespaces(7)). Throws a Failure if it has not after 20 s.
 */
export const processEnded = ({ pid, startTime }: ProcessState): Promise<void> =>
  repeatUntilEnded(() => {
    const state = processState(pid)
    return state?.startTime !== startTime || state.hasEnded ? [] : [pid]
  })

/** Repeats an attempt until it returns no process that is left. Throws a Failure with the processes if some are left after 20 s. */
async function repeatUntilEnded(attempt: () => readonly number[]): Promise<void> {
  const deadline = performance.now() + PATIENCE
  for (let delay = 1; ; delay = Math.min(2 * delay, 50)) {
    const left = attempt()
    if (left.length === 0) return
    if (performance.now() > deadline) throw outlived([['processes', left.join(' ')]])
    await pause(delay)
  }
}

/**
 * Resolves when the log of a run has no writer. Throws a Failure if it still has one after 20 s: a process of the run that
 * cannot be found may change the outputs, too.
 */
export async function logClosed(closed: Promise<void>, log: string): Promise<void> {
  const timeout = new AbortController()
  const isLate = pause(PATIENCE, true, { signal: timeout.signal }).catch(() => false)
  if (await Promise.race([closed.then(() => false), isLate])) throw outlived([['holds', log]])
  timeout.abort()
}

const outlived = (facts: Failure['facts']): Failure =>
  new Failure('a process that the producer started outlives it', {
    facts,
    hint: 'make the producer end all processes that it starts in the background',
  })

/** The marked processes that have not ended, and their descendants, which may have removed the marks. */
export function markedProcesses(mark: RunMark): readonly ProcessState[] {
  const all = processStates()
  const young = all.filter(({ startTime }) => startTime >= mark.since)
  const marked = young.filter(({ pid }) => carries(pid, mark)).map(({ pid }) => pid)
  return descendantsOf(new Set(marked), all).filter(({ hasEnded }) => !hasEnded)
}

function carries(pid: number, { fileSize, variables }: RunMark): boolean {
  if (new RegExp(`^Max file size +${fileSize} `, 'm').test(readProc(`${pid}/limits`) ?? '')) return true
  const environment = (readProc(`${pid}/environ`) ?? '').split('\0')
  return variables.some((variable) => environment.includes(variable))
}

/** Kills a process, unless it has ended and another process has its number. */
function kill({ pid, startTime }: ProcessState): void {
  if (processState(pid)?.startTime !== startTime) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended. If it cannot be killed, the caller finds it again.
  }
}

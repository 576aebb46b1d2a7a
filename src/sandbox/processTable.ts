// Reads from /proc which processes the host runs.
import { readdirSync, readFileSync } from 'node:fs'

/** The fields of /proc/PID/stat that are used here (proc_pid_stat(5)). */
export interface ProcessState {
  readonly pid: number
  readonly parent: number
  readonly threads: number
  /** When it started, in clock ticks since the host started: distinguishes it from other processes with the same number. */
  readonly startTime: number
  /**
   * Whether all of its threads have ended: it is dead, or a zombie until its parent waits for it. The state alone does not
   * show that, because the first thread may end before others.
   */
  readonly hasEnded: boolean
}

/** Reads a file of /proc; undefined if the process has ended or belongs to somebody else. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return undefined
  }
}

/** Parses /proc/PID/stat. The second field, the name in parentheses, may contain blanks and parentheses. */
export function parseStat(text: string): ProcessState {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const threads = Number(fields[17])
  return {
    pid: Number.parseInt(text),
    parent: Number(fields[1]),
    threads,
    startTime: Number(fields[19]),
    hasEnded: /^[ZX]/.test(fields[0] ?? '') && threads <= 1,
  }
}

/** The state of a process; undefined if there is none with that number. */
export function processState(pid: number): ProcessState | undefined {
  const text = readProc(`${pid}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

/** The numbers of all processes of the host. */
const processIds = (): readonly number[] => readdirSync('/proc').map(Number).filter(Number.isInteger)

/** All processes of the host. */
export const processStates = (): readonly ProcessState[] =>
  processIds().flatMap((pid) => processState(pid) ?? [])

/** The processes that a process started with its first thread and that have not ended (proc_tid_children(5)). */
export function childrenOf(pid: number): readonly number[] {
  const listed = readProc(`${pid}/task/${pid}/children`)
  // A kernel without CONFIG_PROC_CHILDREN has no such file.
  if (listed === undefined)
    return processStates().flatMap((state) => (state.parent === pid ? [state.pid] : []))
  return listed.split(' ').filter(Boolean).map(Number)
}

/** The processes that descend from some processes, with those themselves. */
export function descendantsOf(
  roots: ReadonlySet<number>,
  processes: readonly ProcessState[] = processStates(),
): readonly ProcessState[] {
  const children = new Map<number, ProcessState[]>()
  const found: ProcessState[] = []
  for (const state of processes) {
    if (roots.has(state.pid)) found.push(state)
    else if (children.has(state.parent)) children.get(state.parent)?.push(state)
    else children.set(state.parent, [state])
  }
  for (const state of found) found.push(...(children.get(state.pid) ?? []))
  return found
}

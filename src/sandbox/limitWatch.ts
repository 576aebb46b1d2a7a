// Ends a run that exceeds its limits.
import { totalmem } from 'node:os'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Limits } from '../graph/limits.ts'
import type { ProcessState } from './processTable.ts'
import { diskUsage, filesInMemory, memoryOf, usedOnFileSystem } from './usage.ts'

/** A limit that a run exceeded, and what the run used. */
export interface ExceededLimit {
  readonly limit: keyof Limits
  readonly allowed: number
  readonly used: number
}

/** What to watch. */
export interface WatchedRun {
  /** The first process. */
  readonly pid: number
  /** Finds all processes of the run. */
  processes(): readonly ProcessState[]
  readonly limits: Limits
  /** The directories of the disk to which the run writes. */
  readonly directories: readonly string[]
  /** The directories in memory, as the processes of the sandbox see them. */
  readonly inMemory: readonly string[]
}

/** How often usage is measured, in milliseconds. The kernel bounds what a run can do in between; see {@link withKernelLimits}. */
const INTERVAL = 250

/** The longest time that a timer of Node.js takes, in milliseconds: 24 days. */
const LONGEST = 2 ** 31 - 1

/** The part of the memory of this host that one run may use at most. */
const MEMORY_SHARE = 0.9

/**
 * Measures what a run uses until it is stopped. Calls `exceeded` once, when a limit is exceeded. Returns the function that
 * stops it.
 */
export function watchLimits(run: WatchedRun, exceeded: (what: ExceededLimit) => void): () => void {
  const { limits } = run
  let isOver = false
  const stop = (): void => {
    isOver = true
    clearInterval(interval)
    clearTimeout(timeout)
  }
  const check = (limit: keyof Limits, used: number, allowed = limits[limit]): boolean => {
    if (used <= allowed || isOver) return false
    stop()
    exceeded({ limit, allowed, used })
    return true
  }
  const before = usedOn(run)
  let isMeasuringDisk = false
  const measure = async (): Promise<void> => {
    const processes = run.processes()
    if (
      check(
        'processes',
        processes.reduce((sum, { threads }) => sum + threads, 0),
      )
    )
      return
    const files = filesInMemory(processes.at(-1)?.pid ?? run.pid, run.inMemory)
    if (check('memory', memoryOf(processes) + files, Math.min(limits.memory, MEMORY_SHARE * totalmem())))
      return
    // A run cannot exceed its limit without the file system losing as much, unless another process frees space meanwhile.
    if (isMeasuringDisk || usedOn(run) - before <= limits.disk) return
    isMeasuringDisk = true
    check('disk', await diskUsage(run.directories))
    isMeasuringDisk = false
  }
  const interval = setInterval(() => void measure(), INTERVAL)
  const timeout = setTimeout(
    () => check('seconds', limits.seconds + 1, limits.seconds),
    Math.min(limits.seconds * 1000, LONGEST),
  )
  preferForKilling(run.pid)
  return stop
}

const usedOn = ({ directories: [first] }: WatchedRun): number =>
  first === undefined || !existsSync(first) ? 0 : usedOnFileSystem(first)

/** Makes the kernel choose this process and its children before lbuild if memory is exhausted (proc_pid_oom_score_adj(5)). */
function preferForKilling(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '500')
  } catch {
    // The process has ended.
  }
}

/**
 * Wraps a command with limits that the kernel enforces, larger than those that {@link watchLimits} reports: one user cannot
 * have more processes, and no process more memory of its own. They never exceed the limits of lbuild itself. The limit on the
 * size of files marks the processes of the run; if lbuild has such a limit itself, that one applies.
 */
export function withKernelLimits(
  limits: Limits,
  command: readonly string[],
  fileSize?: string,
): readonly string[] {
  const own = readFileSync('/proc/self/limits', 'utf8')
  const ownLimit = (name: string): number => Number(new RegExp(`^${name} +\\S+ +(\\S+)`, 'm').exec(own)?.[1])
  const within = (name: string, wanted: number): number => {
    const hard = ownLimit(name)
    return Number.isNaN(hard) ? wanted : Math.min(hard, wanted)
  }
  const mark =
    fileSize !== undefined && Number.isNaN(ownLimit('Max file size')) ? [`--fsize=${fileSize}`] : []
  const processes = within('Max processes', 2 * limits.processes)
  const data = within('Max data size', Math.max(2 * limits.memory, 2 ** 30))
  return ['prlimit', `--nproc=${processes}`, `--data=${data}`, '--core=0', ...mark, '--', ...command]
}

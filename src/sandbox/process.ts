// Starts producers, and ends all that a session started.
import { spawn } from 'node:child_process'
import type { Limits } from '../graph/limits.ts'
import { lockWorkspace } from '../store/workspaceLock.ts'
import { BoundedLog } from './boundedLog.ts'
import type { SandboxOptions } from './bubblewrap.ts'
import { configure, firstProcess, inheritedFiles, sandboxed, tmpfsOf } from './bubblewrap.ts'
import type { Confinement } from './confinement.ts'
import { openSandbox } from './confinement.ts'
import { killMarked, logClosed, markedProcesses, newMark, processEnded } from './leftProcesses.ts'
import type { ExceededLimit } from './limitWatch.ts'
import { watchLimits, withKernelLimits } from './limitWatch.ts'
import type { Namespaces } from './namespaces.ts'
import { closeNamespaces } from './namespaces.ts'
import { descendantsOf } from './processTable.ts'

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The limit that the group exceeded; then lbuild killed it. */
  readonly exceeded?: ExceededLimit
}

/** A producer's process and everything that it started. */
export interface ProcessGroup {
  /** Resolves when no process of the group is left. Rejects with a Failure if one cannot be found or ended. */
  readonly ended: Promise<Ended>
  /** Kills the whole group at once. */
  kill(): void
}

/** The surroundings of a process group. */
export interface GroupOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** The file that receives standard output and standard error; it must not exist. */
  readonly log: string
  readonly limits: Limits
  /** The directories of the disk to which the command writes. */
  readonly writes: readonly string[]
  /** What the command sees in the sandbox. It runs unconfined if this is missing. */
  readonly sandbox?: SandboxOptions
}

/**
 * What a build session needs to run producers and to take locks. Tests replace it to run producers as functions. It
 * covers producers, their sandbox and flock(1); lbuild starts all other programs without it.
 */
export interface Processes {
  readonly lock: typeof lockWorkspace
  /** How this host can confine producers; if not at all, the reason. Call it before {@link Processes.start}. */
  confinement(): Promise<{ confinement: Confinement; reason?: string }>
  start(command: readonly string[], options: GroupOptions): ProcessGroup
  /** Kills every group that this object started, and resolves when all have ended. */
  killAll(): Promise<void>
  /** Releases what the sandbox needs. Nothing can be started afterwards. */
  close(): void
}

/** The processes of one session on this host. */
export function hostProcesses(): Processes {
  const running = new Set<ProcessGroup>()
  let namespaces: Namespaces | undefined
  return {
    lock: lockWorkspace,
    async confinement() {
      const opened = await openSandbox()
      if ('reason' in opened) return { confinement: 'none', reason: opened.reason }
      namespaces = opened
      return { confinement: 'sandbox' }
    },
    start(command, options) {
      const group = startGroup(command, options, namespaces)
      running.add(group)
      return { ...group, ended: group.ended.finally(() => running.delete(group)) }
    },
    async killAll() {
      const groups = [...running]
      for (const group of groups) group.kill()
      await Promise.allSettled(groups.map(({ ended }) => ended))
    },
    close() {
      if (namespaces) closeNamespaces(namespaces)
      namespaces = undefined
    },
  }
}

/**
 * Starts a command in its own process group, with nothing of lbuild's environment. So Ctrl-C in a terminal reaches only
 * lbuild, which then decides whether to kill the command. Standard input is a pipe that lbuild never writes: the child
 * reads its end when lbuild dies. Standard output and standard error are pipes as well, because the path of a file would be
 * visible in /proc.
 */
function startGroup(
  command: readonly string[],
  { env, cwd, log: path, sandbox, limits, writes }: GroupOptions,
  namespaces: Namespaces | undefined,
): ProcessGroup {
  const confined = sandbox && namespaces
  const mark = confined ? undefined : newMark(env, cwd)
  const limited = withKernelLimits(limits, command, mark?.fileSize)
  const [program = '', ...args] = confined ? sandboxed(limited, namespaces) : limited
  const log = new BoundedLog(path)
  const child = spawn(program, args, {
    cwd,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...(confined ? inheritedFiles(namespaces) : [])],
  })
  if (confined) configure(child, sandbox)
  const first = confined ? firstProcess(child) : undefined
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data: Buffer) => log.write(data))
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // The group has already ended.
    }
  }
  let exceeded: ExceededLimit | undefined
  const inMemory = confined ? tmpfsOf(sandbox) : []
  const { pid } = child
  const processes = () =>
    mark ? markedProcesses(mark) : descendantsOf(new Set(pid === undefined ? [] : [pid]))
  const run = pid === undefined ? undefined : { pid, processes, limits, directories: writes, inMemory }
  const stopWatching =
    run &&
    watchLimits(run, (what) => {
      exceeded = what
      kill()
    })
  const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal, ...(exceeded ? { exceeded } : {}) }))
  }).finally(async () => {
    stopWatching?.()
    child.stdin?.destroy()
    // Without a sandbox, processes that the producer left in the background still run.
    kill()
    try {
      if (mark) await killMarked(mark)
      const found = await first
      if (found) await processEnded(found)
      if (child.pid !== undefined) await logClosed(closed, path)
    } finally {
      for (const stream of [child.stdout, child.stderr]) stream?.destroy()
      log.close()
    }
  })
  return { ended, kill }
}

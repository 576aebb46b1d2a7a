// Starts producers, and ends all that a session started.
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { lockWorkspace } from '../store/workspaceLock.ts'
import type { Confinement } from './bubblewrap.ts'
import { probeConfinement } from './bubblewrap.ts'

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A producer's process and everything that it started. */
export interface ProcessGroup {
  readonly ended: Promise<Ended>
  /** Kills the whole group at once. */
  kill(): void
}

/** The surroundings of a process group. */
export interface GroupOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** The file that receives standard output and standard error. */
  readonly log: string
}

/**
 * What a build session needs to run producers. Tests replace it to run producers as functions. It covers no
 * other process that lbuild starts.
 */
export interface Processes {
  readonly lock: typeof lockWorkspace
  /** How this host can confine producers; if not at all, the reason. */
  confinement(): Promise<{ confinement: Confinement; reason?: string }>
  start(command: readonly string[], options: GroupOptions): ProcessGroup
  /** Kills every group that this object started, and resolves when all have ended. */
  killAll(): Promise<void>
}

/** The processes of one session on this host. */
export function hostProcesses(): Processes {
  const running = new Set<ProcessGroup>()
  return {
    lock: lockWorkspace,
    confinement: probeConfinement,
    start(command, options) {
      const group = startGroup(command, options)
      running.add(group)
      return { ...group, ended: group.ended.finally(() => running.delete(group)) }
    },
    async killAll() {
      const groups = [...running]
      for (const group of groups) group.kill()
      await Promise.allSettled(groups.map(({ ended }) => ended))
    },
  }
}

/**
 * Starts a command in its own process group, with nothing of lbuild's environment. So Ctrl-C in a terminal reaches only
 * lbuild, which then decides whether to kill the command. Standard input is a pipe that lbuild never writes: the child
 * reads its end when lbuild dies.
 */
function startGroup([program = '', ...args]: readonly string[], options: GroupOptions): ProcessGroup {
  const log = openSync(options.log, 'a')
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // The group has already ended.
    }
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  }).finally(() => {
    child.stdin?.destroy()
    // Without a sandbox, tools that the producer left in the background still run.
    kill()
  })
  return { ended, kill }
}

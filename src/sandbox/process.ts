import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { lockWorkspace } from '../store/workspaceLock.ts'
import type { Confinement } from './bubblewrap.ts'
import { probeConfinement } from './bubblewrap.ts'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process of ours with everything that it started. */
export interface ProcessGroup {
  readonly ended: Promise<Ended>
  /** Ends the whole group at once. */
  kill(): void
}

export interface GroupOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** The file to which standard output and standard error go. */
  readonly log: string
}

/** All that a build asks of the operating system besides its disk; a test's runs producers in its own process. */
export interface Processes {
  readonly lock: typeof lockWorkspace
  /** What the host can do to confine producers, and if nothing, why not. */
  confinement(): Promise<{ confinement: Confinement; reason?: string }>
  start(command: readonly string[], options: GroupOptions): ProcessGroup
  /** Ends every group that still runs, and waits until all are gone. */
  killAll(): Promise<void>
}

const running = new Set<ProcessGroup>()

/**
 * The processes of this machine. Each command is started in a process group of its own, with nothing of our environment.
 * A group of its own keeps a terminal's Ctrl-C from reaching tools before lbuild has decided what to do. The other end
 * of its standard input is ours and never written: at its end the child knows that lbuild is gone, in whatever way.
 */
export const realProcesses: Processes = {
  lock: lockWorkspace,
  confinement: probeConfinement,
  start(command, options) {
    const log = openSync(options.log, 'a')
    const [program, ...args] = command
    const child = spawn(program!, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['pipe', log, log],
    })
    closeSync(log)
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve({ code, signal }))
    }).finally(() => {
      child.stdin?.destroy()
      // Without a sandbox what a tool left in the background is still there.
      group.kill()
      running.delete(group)
    })
    const group: ProcessGroup = {
      ended,
      kill() {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
        } catch {
          // The group has already ended.
        }
      },
    }
    running.add(group)
    return group
  },
  async killAll() {
    const groups = [...running]
    for (const group of groups) group.kill()
    await Promise.allSettled(groups.map(({ ended }) => ended))
  },
}

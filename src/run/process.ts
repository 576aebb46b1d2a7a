import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

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

const running = new Set<ProcessGroup>()

/**
 * Starts a command in a process group of its own, with nothing of our environment, its output going to a log file.
 * A group of its own keeps a terminal's Ctrl-C from reaching tools before lbuild has decided what to do.
 */
export function startGroup(
  command: readonly string[],
  options: { env: Readonly<Record<string, string>>; cwd: string; log: string },
): ProcessGroup {
  const log = openSync(options.log, 'a')
  const [program, ...args] = command
  const child = spawn(program!, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  }).finally(() => running.delete(group))
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
}

/** Ends every group that still runs, and waits until all are gone. */
export async function killAll(): Promise<void> {
  const groups = [...running]
  for (const group of groups) group.kill()
  await Promise.allSettled(groups.map(({ ended }) => ended))
}

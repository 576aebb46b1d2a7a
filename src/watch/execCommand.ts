// Runs the command of `watch --exec` after each successful build.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { monotonicSeconds } from '../platform/clock.ts'
import type { WatchListener } from './events.ts'

/**
 * Runs its arguments in a process group that kills itself when the other end of descriptor 3 closes. lbuild holds that
 * end and never writes to it, so the whole group dies with lbuild, however lbuild ends.
 */
const WITH_LIFELINE = '(read -r _ <&3; kill -9 0) & exec "$@" 3<&-'

/**
 * A command with its arguments, run without a shell and without standard input. A start first kills the process group of
 * the run before. `output` is a descriptor, or the path of a file that each run overwrites.
 */
export class ExecCommand {
  readonly #command: readonly string[]
  readonly #listener: WatchListener
  readonly #output: 1 | 2 | string
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  /** Counts starts and stops, so that a start that was superseded is ignored. */
  #turn = 0

  constructor(command: readonly string[], listener: WatchListener, output: 1 | 2 | string) {
    this.#command = command
    this.#listener = listener
    this.#output = output
  }

  start(): void {
    const stopped = this.stop()
    const turn = this.#turn
    this.#ended = stopped.then(() => (turn === this.#turn ? this.#run() : undefined))
  }

  /** Kills the command, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#turn += 1
    this.#kill()
    await this.#ended
  }

  #kill(): void {
    try {
      if (this.#child?.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // The process group has already ended.
    }
  }

  #run(): Promise<void> {
    const startedAt = monotonicSeconds()
    const command = this.#command
    this.#listener({ type: 'exec', state: 'started', command })
    const output = typeof this.#output === 'string' ? openNew(this.#output) : this.#output
    const errors = output === 1 ? 2 : output
    const child = spawn('/bin/sh', ['-c', WITH_LIFELINE, 'sh', ...command], {
      detached: true,
      stdio: ['ignore', output, errors, 'pipe'],
    })
    this.#child = child
    if (output > 2) closeSync(output)
    return new Promise((resolve) => {
      const end = (code: number | string): void => {
        this.#kill()
        this.#child = undefined
        const seconds = monotonicSeconds() - startedAt
        this.#listener({ type: 'exec', state: 'ended', command, code, seconds })
        resolve()
      }
      child.once('error', ({ message }) => end(message))
      child.once('exit', (code, signal) => end(code ?? signal ?? 'unknown'))
    })
  }
}

function openNew(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  return openSync(path, 'w')
}

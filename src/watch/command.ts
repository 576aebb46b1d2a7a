import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { monotonicSeconds } from '../platform/clock.ts'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { WatchListener } from './events.ts'

/**
 * Runs the words behind it, in a group that ends when the other end of descriptor 3, which is ours and never written, is
 * closed: in whatever way lbuild dies, all that the command started in its group dies with it.
 */
const WITH_LIFELINE = '(read -r _ <&3; kill -9 0) & exec "$@" 3<&-'

/**
 * A command that is run after each good build, with its arguments as they are and no shell between. One that still runs
 * is ended first, with its process group; it has no standard input, and what it writes goes to `output`, a descriptor or a file
 * that is written anew.
 */
export class AfterBuild {
  readonly #command: readonly string[]
  readonly #listener: WatchListener
  readonly #output: 1 | 2 | string
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  /** Counts starts and stops: a start that something came after is none. */
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

  /** Ends what runs, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#turn += 1
    this.#kill()
    await this.#ended
  }

  #kill(): void {
    try {
      if (this.#child?.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // The group has already ended.
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
      const over = (code: number | string): void => {
        this.#kill()
        this.#child = undefined
        const seconds = monotonicSeconds() - startedAt
        this.#listener({ type: 'exec', state: 'ended', command, code, seconds })
        resolve()
      }
      child.once('error', ({ message }) => over(message))
      child.once('exit', (code, signal) => over(code ?? signal!))
    })
  }
}

function openNew(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  return openSync(path, 'w')
}

// A point at which a producer waits for the test.
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { Ended, TestWorkspace } from './workspace.ts'

/**
 * Synchronizes a producer with the test without a clock: the tool `meet`, in `tools/` of the workspace, reports its
 * arrival through one pipe and waits at another.
 */
export class Meeting {
  readonly #workspace: TestWorkspace

  constructor(workspace: TestWorkspace) {
    this.#workspace = workspace
    workspace.write('tools/meet', '#!/bin/sh\ncd "${0%/*}" && echo here >there && read -r go <back\n', 0o755)
    // A failed test leaves no process waiting.
    onTestFinished(() => workspace.running.forEach((child) => child.kill('SIGKILL')))
    execFileSync('mkfifo', ['--mode=666', workspace.path('tools/there'), workspace.path('tools/back')])
  }

  /** Makes the tool ignore every signal except SIGKILL. */
  stubborn(): void {
    this.#workspace.edit('tools/meet', 'cd ', "trap '' HUP INT TERM QUIT; cd ")
  }

  /** Resolves when the producer of a build has arrived; rejects if the build ends before. */
  async arrived(build: { ended: Promise<Ended> }): Promise<void> {
    const early = await this.#arrivedOrEnded(build)
    if (early)
      throw new Error(`the build ended before the meeting, exit code ${early.code}:\n${early.stderr}`)
  }

  /** Lets the producer continue. */
  release(): Promise<void> {
    return this.#shell('echo go >back').over
  }

  /** Releases every producer that arrives until the build ends. */
  async toTheEnd(build: { ended: Promise<Ended> }): Promise<Ended> {
    for (;;) {
      const ended = await this.#arrivedOrEnded(build)
      if (ended) return ended
      await this.release()
    }
  }

  async #arrivedOrEnded({ ended }: { ended: Promise<Ended> }): Promise<Ended | undefined> {
    const listening = this.#shell('read -r here <there')
    const early = await Promise.race([listening.over, ended])
    // A listener that is left would take the message for the next one.
    if (early) listening.child.kill('SIGKILL')
    return early ?? undefined
  }

  #shell(command: string): { child: ChildProcess; over: Promise<void> } {
    const child = spawn('/bin/sh', ['-c', command], { cwd: this.#workspace.path('tools'), stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const over = once(child, 'exit').then(([code, signal]) => {
      if (code !== 0 && signal === null) throw new Error(`the meeting failed: ${command} ended with ${code}`)
    })
    return { child, over }
  }
}

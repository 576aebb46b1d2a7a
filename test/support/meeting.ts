import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { Ended, TestWorkspace } from './workspace.ts'

/**
 * A point at which a producer waits for the test, without either looking at a clock: the tool `meet`, in the
 * workspace's own `tools/`, says that it is there through one pipe and waits at another.
 */
export class Meeting {
  readonly #workspace: TestWorkspace

  constructor(workspace: TestWorkspace) {
    this.#workspace = workspace
    workspace.write('tools/meet', '#!/bin/sh\ncd "${0%/*}" && echo here >there && read -r go <back\n', 0o755)
    // A test that fails leaves nobody waiting.
    onTestFinished(() => workspace.running.forEach((child) => child.kill('SIGKILL')))
    execFileSync('mkfifo', [workspace.path('tools/there'), workspace.path('tools/back')])
  }

  /** Has the tool ignore every signal but SIGKILL. */
  stubborn(): void {
    this.#workspace.edit('tools/meet', 'cd ', "trap '' HUP INT TERM QUIT; cd ")
  }

  /** Ends when the producer of a build has come to the meeting; an error if the build ends before. */
  async arrived(build: { ended: Promise<Ended> }): Promise<void> {
    const early = await this.#arrivedOrEnded(build)
    if (early)
      throw new Error(`the build ended before the meeting, exit code ${early.code}:\n${early.stderr}`)
  }

  /** Lets the producer go on. */
  release(): Promise<void> {
    return this.#shell('echo go >back').over
  }

  /** Lets a build go past every meeting that it comes to until it ends. */
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
    // Who still listened would take the word that the next one waits for.
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

import { execFileSync, spawn } from 'node:child_process'
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

  /** Ends when the producer of a build has come to the meeting; an error if the build ends before. */
  async arrived({ ended }: { ended: Promise<Ended> }): Promise<void> {
    const early = ended.then(({ code, stderr }) => {
      throw new Error(`the build ended before the meeting, exit code ${code}:\n${stderr}`)
    })
    await Promise.race([this.#shell('read -r here <there'), early])
  }

  /** Lets the producer go on. */
  release(): Promise<void> {
    return this.#shell('echo go >back')
  }

  async #shell(command: string): Promise<void> {
    const child = spawn('/bin/sh', ['-c', command], { cwd: this.#workspace.path('tools'), stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0) throw new Error(`the meeting failed: ${command} ended with ${code}`)
  }
}

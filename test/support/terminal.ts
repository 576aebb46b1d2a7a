// A terminal in which the command line runs.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { TestWorkspace } from './workspace.ts'

/** The command line in a terminal of 24 lines of 80 characters, made by script(1). */
export class Terminal {
  /** Everything that was written to it. */
  text = ''
  readonly #child: ChildProcess
  #wake: () => void = () => {}

  constructor(workspace: TestWorkspace, ...args: readonly string[]) {
    // script(1) exits with the code of its command.
    const run = `sh -c 'echo "pid $$"; exec "$@"' sh '${workspace.program}' ${args.join(' ')}`
    const command = `stty rows 24 cols 80; ${run}; echo "code $?"; stty -a`
    this.#child = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: workspace.root,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
    this.#child.stdout!.setEncoding('utf8').on('data', (more: string) => {
      this.text += more
      this.#wake()
    })
  }

  /** Resolves when a text appears after a position. */
  async shows(text: string, from = 0): Promise<void> {
    while (!this.text.slice(from).includes(text)) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  press(key: string): void {
    this.#child.stdin!.write(key)
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(Number(/pid (\d+)/.exec(this.text)![1]), signal)
  }

  /** Waits for the end of the command; gives what it wrote after it restored the terminal. */
  async putBack(): Promise<string> {
    await once(this.#child, 'close')
    return this.text.slice(this.text.lastIndexOf('\u001b[?25h\u001b[?1049l'))
  }
}

// A terminal in which the command line runs.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import type { TestWorkspace } from './workspace.ts'

/** The command line, or a shell, in a terminal of 24 lines of 80 characters, made by script(1). */
export class Terminal {
  /** Everything that was written to it. */
  text = ''
  readonly #child: ChildProcess
  #wake: () => void = () => {}

  private constructor({ root }: TestWorkspace, command: string) {
    // script(1) exits with the code of its command.
    this.#child = spawn('script', ['-qec', `stty rows 24 cols 80; ${command}`, '/dev/null'], {
      cwd: root,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'xterm', SHELL: '/bin/sh', PS1: '$ ' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
    this.#child.stdout!.setEncoding('utf8').on('data', (more: string) => {
      this.text += more
      this.#wake()
    })
  }

  /** Runs one command line, and then shows its exit code and the settings of the terminal. */
  static running(workspace: TestWorkspace, ...args: readonly string[]): Terminal {
    const run = `sh -c 'echo "pid $$"; exec "$@"' sh '${workspace.program}' ${args.join(' ')}`
    return new Terminal(workspace, `${run}; echo "code $?"; stty -a`)
  }

  /** Runs a shell with job control. */
  static withShell(workspace: TestWorkspace): Terminal {
    return new Terminal(workspace, 'exec bash --norc --noprofile --noediting -i')
  }

  /** Resolves when a text appears after a position. */
  async shows(text: string, from = 0): Promise<void> {
    while (!this.text.slice(from).includes(text)) await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  press(key: string): void {
    this.#child.stdin!.write(key)
  }

  /** Presses the keys of a line, and returns the position in the text from which its effects follow. */
  type(line: string): number {
    const from = this.text.length
    this.press(`${line}\n`)
    return from
  }

  /** The process id that was shown last. */
  get pid(): number {
    return Number([...this.text.matchAll(/pid (\d+)/g)].at(-1)![1])
  }

  /** Signals the command whose process id was shown last. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal)
  }

  async ended(): Promise<void> {
    await once(this.#child, 'close')
  }

  /** Waits for the end of the command; gives what it wrote after it restored the terminal. */
  async putBack(): Promise<string> {
    await this.ended()
    return this.text.slice(this.text.lastIndexOf('\u001b[?25h\u001b[?1049l'))
  }
}

// A reader of docs/ who does what a page says, in a shell and in a terminal.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'vitest'
import { exec } from './distro.ts'
import { normalized, patternOf, type Step } from './document.ts'

/** Typed in a machine, ends QEMU (its manual, "Keys in the character backend multiplexer"). */
const QUIT_QEMU = '\u0001x'
/** The line of a terminal at which the reader types, as far as it is typed by the program. */
const PROMPT = /^(\S+ login: |~ # )(.*)$/
/** The panic of a kernel whose first timer ticks came too late, which happens on a busy host without KVM. */
const LOST_TICKS = "panic - not syncing: IO-APIC + timer doesn't work"
const BOOT_ATTEMPTS = 3

/** Follows the steps of a page, starting in a directory. */
export class Reader {
  #directory: string
  readonly #env: Readonly<Record<string, string>>
  #watch: Terminal | undefined

  constructor(directory: string, env: Readonly<Record<string, string>> = {}) {
    this.#directory = directory
    // npm has its settings and its cache in the home directory.
    this.#env = { HOME: process.env.HOME ?? '/', ...env }
  }

  /** The directory in which the last command ended. */
  get directory(): string {
    return this.#directory
  }

  async follow(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#do(step)
    await this.#watch?.quit('q')
  }

  async #do(step: Step): Promise<void> {
    if (step.kind === 'file') {
      const path = join(this.#directory, step.path)
      fs.mkdirSync(dirname(path), { recursive: true })
      fs.writeFileSync(path, step.text)
    } else if (step.kind === 'patch') {
      execFileSync('git', ['apply'], { cwd: this.#directory, input: step.text })
    } else if (step.kind === 'screen') {
      if (this.#watch === undefined) throw new Error('no program runs whose screen could be shown')
      await this.#watch.shows(step.output)
    } else if (step.command.startsWith('npx lbuild run ')) await this.#boot(step.command, step.output ?? '')
    else if (step.command.startsWith('npx lbuild watch ')) {
      this.#watch = new Terminal(step.command, this.#directory, this.#env)
      await this.#watch.shows(step.output ?? '')
    } else await this.#run(step.command, step.output)
  }

  /** Runs a command, which must succeed, and compares what it prints with the page. */
  async #run(command: string, shown: string | undefined): Promise<void> {
    // The shell of the reader stays in the directory that `cd` selects.
    const script = `exec 2>&1; ${command}\nstatus=$?; printf '\\0'; pwd; exit $status`
    const { code, stdout } = await exec(['sh', '-c', script], this.#directory, this.#env)
    const [printed = '', directory = ''] = stdout.split('\0')
    expect(code, `${command}\n${printed}`).toBe(0)
    if (shown !== undefined)
      expect(normalized(printed), command).toMatch(new RegExp(`^${patternOf(shown)}\n?$`))
    this.#directory = directory.trim()
  }

  /** Boots an image in a terminal, does what the page shows there, and quits. */
  async #boot(command: string, session: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const terminal = new Terminal(command, this.#directory, this.#env)
      try {
        await terminal.shows(session)
        return await terminal.quit(QUIT_QEMU)
      } catch (error) {
        terminal.kill()
        if (!terminal.text.includes(LOST_TICKS) || attempt === BOOT_ATTEMPTS) throw error
      }
    }
  }
}

/** A command in a terminal of its own, made by script(1). */
class Terminal {
  /** Everything that it showed, {@link normalized}, without control sequences and carriage returns. */
  text = ''
  readonly #child: ChildProcess
  #position = 0
  #hasEnded = false
  #wake: () => void = () => {}

  constructor(command: string, directory: string, env: Readonly<Record<string, string>>) {
    const PATH = `${process.env.PATH}:/usr/sbin:/sbin`
    const terminal = { TERM: 'xterm', SHELL: '/bin/sh', PATH }
    this.#child = spawn('script', ['-qec', `stty rows 24 cols 80; exec ${command}`, '/dev/null'], {
      cwd: directory,
      env: { ...env, ...terminal },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let raw = ''
    this.#child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      raw += more
      this.text = normalized(stripVTControlCharacters(raw).replaceAll('\r', ''))
      this.#wake()
    })
    this.#child.on('close', () => {
      this.#hasEnded = true
      this.#wake()
    })
  }

  /** Waits until each line is shown, in order, and types what follows a prompt. */
  async shows(lines: string): Promise<void> {
    for (const line of lines.split('\n').filter((one) => one !== '…')) {
      const [, prompt, typed] = PROMPT.exec(line) ?? []
      await this.#showsText(prompt ?? line)
      if (typed !== undefined) this.#child.stdin?.write(`${typed}\r`)
    }
  }

  async #showsText(shown: string): Promise<void> {
    const pattern = new RegExp(patternOf(shown))
    for (;;) {
      const rest = this.text.slice(this.#position)
      const found = pattern.exec(rest)
      if (found !== null) {
        this.#position += found.index + found[0].length
        return
      }
      if (this.#hasEnded || rest.includes(LOST_TICKS))
        throw new Error(`the terminal does not show '${shown}', but:\n${rest}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Presses keys, after which the command must end with success. */
  async quit(keys: string): Promise<void> {
    this.#child.stdin?.write(keys)
    const [code] = this.#hasEnded ? [this.#child.exitCode] : await once(this.#child, 'close')
    expect(code, this.text).toBe(0)
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

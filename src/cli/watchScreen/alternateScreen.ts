// Takes over a terminal for drawing and single keys, and restores it.
import { readFileSync } from 'node:fs'

/** Escape sequences: private modes 1049 (alternate screen), 25 (cursor) and 7 (wrapping) of xterm. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'

/** How often a process in the background checks whether it is in the foreground again, in milliseconds. */
const INTERVAL = 250

/** Where a screen is, and what it does with keys. */
export interface ScreenOptions {
  readonly output: NodeJS.WriteStream
  readonly input: NodeJS.ReadStream
  press(key: string): void
  /** Draws everything. */
  draw(): void
}

/**
 * The alternate screen of a terminal, shown while this process is in its foreground. In the background the terminal belongs
 * to other processes, and the kernel stops one that reads from it or changes its mode (termios(3)). The terminal is restored
 * however the process ends, except by SIGKILL.
 */
export class AlternateScreen {
  readonly #options: ScreenOptions
  #isOn = false
  #isLost = false
  #waiting: NodeJS.Timeout | undefined

  constructor(options: ScreenOptions) {
    this.#options = options
  }

  /** Takes the terminal as soon as this process is in its foreground. */
  open(): void {
    const { input, output, press } = this.#options
    for (const stream of [input, output]) stream.on('error', this.#lose)
    input.setEncoding('utf8').pause().on('data', press)
    process.on('exit', this.#leave)
    process.on('SIGCONT', this.#takeAgain)
    this.#takeAgain()
  }

  get isOn(): boolean {
    return this.#isOn
  }

  close(): void {
    clearInterval(this.#waiting)
    process.off('exit', this.#leave)
    process.off('SIGCONT', this.#takeAgain)
    this.#leave()
    this.#options.input.off('data', this.#options.press)
  }

  /** Stops the process group like Ctrl-Z, until it is continued. */
  readonly suspend = (): void => {
    this.#leave()
    process.kill(0, 'SIGTSTP')
    // The kernel does not stop a group that no shell could continue, so SIGCONT may never come.
    this.#waiting ??= setInterval(this.#takeIfForeground, INTERVAL)
  }

  /** Takes the terminal as soon as this process is in its foreground. Whatever ran meanwhile may have changed its mode. */
  readonly #takeAgain = (): void => {
    this.#leave()
    this.#waiting ??= setInterval(this.#takeIfForeground, INTERVAL)
    this.#takeIfForeground()
  }

  /** Shows nothing any more, because the terminal was lost. */
  readonly #lose = (): void => {
    this.#isLost = true
    this.#isOn = false
    clearInterval(this.#waiting)
  }

  readonly #takeIfForeground = (): void => {
    if (this.#isLost || !isInForeground()) return
    clearInterval(this.#waiting)
    this.#waiting = undefined
    this.#isOn = true
    process.on('SIGTSTP', this.suspend)
    const { input, output, draw } = this.#options
    // Node.js ignores the second call if it believes that the mode is on already.
    input.setRawMode(false)
    input.setRawMode(true)
    input.resume()
    output.write(ENTER)
    draw()
  }

  readonly #leave = (): void => {
    if (!this.#isOn) return
    this.#isOn = false
    process.off('SIGTSTP', this.suspend)
    const { input, output } = this.#options
    input.pause()
    // In the background, Node.js restores the mode when the process ends.
    if (isInForeground()) input.setRawMode(false)
    output.write(LEAVE)
  }
}

/** Whether this process may use its terminal: it is in the foreground, or has no terminal that controls it. */
function isInForeground(): boolean {
  // The fields state, ppid, pgrp, session, tty_nr and tpgid of proc_pid_stat(5). The one before may contain spaces.
  const [, , group, , , foreground] = readFileSync('/proc/self/stat', 'latin1')
    .replace(/.*\) /s, '')
    .split(' ')
  return foreground === group || foreground === '-1'
}

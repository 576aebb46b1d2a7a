// A guest on a serial line that follows a script, with a clock that moves only when everything waits.
import type { Clock } from '../../src/vm/clock.ts'
import { Console } from '../../src/vm/serialConsole.ts'

/** A clock that moves only while {@link ScriptedClock.drive} waits. */
export class ScriptedClock implements Clock {
  #now = 0
  #calls: { at: number; callback: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(seconds: number, callback: () => void): () => void {
    const call = { at: this.#now + seconds, callback }
    this.#calls.push(call)
    return () => {
      this.#calls = this.#calls.filter((other) => other !== call)
    }
  }

  /** Jumps from one scheduled call to the next until the promise is settled. */
  async drive<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const settle = (): void => void (settled = true)
    promise.then(settle, settle)
    for (;;) {
      // Everything that is ready runs before time moves on.
      await new Promise(setImmediate)
      if (settled) return promise
      const next = this.#calls.toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) throw new Error('no call is scheduled, and the promise is not settled')
      this.#calls = this.#calls.filter((other) => other !== next)
      this.#now = next.at
      next.callback()
    }
  }

  /** How many calls are scheduled. */
  get pending(): number {
    return this.#calls.length
  }
}

const encoder = new TextEncoder()

/** The answer of the guest's shell to a command: its output, an output and a status, or none. */
export type Answer = string | { readonly output: string; readonly status: number } | 'hangs'

export interface GuestOptions {
  /** Console text, each with the second at which the guest writes it. */
  readonly boot: readonly (readonly [second: number, text: string])[]
  /** The answers to typed user names, in order; the last one repeats. */
  readonly logins?: readonly string[]
  /** Whether a shell reads the console from the start, without a login. */
  readonly hasShell?: boolean
  /** The answer to a typed password. */
  readonly afterPassword?: string
  /** Answers to commands, by a prefix of the command. */
  readonly answers?: Readonly<Record<string, Answer>>
  /** The output of `poweroff`; the machine then powers off unless `staysOn`. */
  readonly poweroff?: string
  readonly staysOn?: boolean
  /** The second at which the machine powers off by itself. */
  readonly offAt?: number
}

export const PROMPT = 'root@levitate:~# '

/** Boots by the script, echoes its input, and has a shell that knows a few answers. */
export class ScriptedGuest {
  readonly clock = new ScriptedClock()
  readonly console = new Console(this.clock)
  /** All input so far. */
  typed = ''
  readonly #options: GuestOptions
  #logins = 0
  #state: 'login' | 'password' | 'shell' = 'login'

  constructor(options: GuestOptions) {
    this.#options = options
    if (options.hasShell === true) this.#state = 'shell'
    for (const [second, text] of options.boot) this.clock.after(second, () => this.say(text))
    if (options.offAt !== undefined) this.clock.after(options.offAt, () => this.console.end())
  }

  say(text: string): void {
    this.console.feed(encoder.encode(text.replaceAll('\n', '\r\n')))
  }

  readonly write = (text: string): void => {
    this.typed += text
    for (const line of text.trimEnd().split('\n')) this.#line(line)
  }

  #line(line: string): void {
    const { logins = [`\nLast login: Mon Nov 23\n${PROMPT}`], afterPassword = `\n${PROMPT}` } = this.#options
    if (this.#state === 'password') {
      this.#state = 'login'
      if (afterPassword.includes(PROMPT)) this.#state = 'shell'
      return this.say(afterPassword)
    }
    this.say(`${line}\n`)
    if (this.#state === 'shell') return this.#command(line)
    const answer = logins[Math.min(this.#logins, logins.length - 1)]!
    this.#logins += 1
    if (answer.endsWith('Password: ')) this.#state = 'password'
    if (answer.endsWith(PROMPT)) this.#state = 'shell'
    this.say(answer)
  }

  #command(line: string): void {
    if (line.startsWith('poweroff')) {
      this.say(
        this.#options.poweroff ?? '[  OK  ] Reached target poweroff.target.\n[ 40.1] reboot: Power down\n',
      )
      if (this.#options.staysOn !== true) this.console.end()
      return
    }
    const marked = /^echo beg""in:(\S+); sh -c '(.*)'; echo en""d:(\S+):\$\?:$/.exec(line)
    if (marked === null) return this.say(PROMPT)
    const [, begin, quoted, end] = marked
    const command = quoted!.replaceAll(`'\\''`, `'`)
    const answer = this.#answer(command)
    this.say(`begin:${begin}\n`)
    if (answer === 'hangs') return
    const { output, status } = typeof answer === 'string' ? { output: answer, status: 0 } : answer
    this.say(`${output}end:${end}:${status}:\n${PROMPT}`)
  }

  #answer(command: string): Answer {
    const answers: Record<string, Answer> = {
      'id -un': 'root\n',
      'exit 7': { output: '', status: 7 },
      'command -v systemctl': '/usr/bin/systemctl\n',
      timeout: 'running\n',
      'systemctl list-units': '',
      findmnt: '/dev/vda2 ext4 251G\n',
      'cat /etc/machine-id': '1e1fc1a5b4954e44a72ea21995939105\n',
      uname: '6.1.0-56-amd64\n',
      ...this.#options.answers,
    }
    const known = Object.keys(answers).find((start) => command.startsWith(start))
    return known === undefined ? { output: `sh: ${command}: not found\n`, status: 127 } : answers[known]!
  }
}

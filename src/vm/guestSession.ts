// Drives a booting guest over its serial console: to the login prompt, into a shell, through commands, and off.
import type { BootCheck } from '../api/config.ts'
import type { Fact } from '../platform/failure.ts'
import { TAIL_LINES } from '../platform/failure.ts'
import { BootFailure, type BootFailureKind, type FailureText } from './bootFailure.ts'
import type { Clock } from './clock.ts'
import type { Console, ConsolePattern, Limits, Match } from './serialConsole.ts'
import {
  bootPatterns,
  LOGIN_REFUSED,
  loginPrompts,
  PANIC,
  PASSWORD_PROMPT,
  RESTART,
  SHELL_PROMPT,
  type Stage,
} from './consolePatterns.ts'

/** The host's end of a guest's serial line. */
export interface SerialLine {
  readonly console: Console
  readonly clock: Clock
  /** Types on the console. */
  readonly write: (text: string) => void
}

export interface GuestSessionOptions extends SerialLine {
  /** Named in messages. */
  readonly image: string
  /** Marks the ends of what commands print; must not occur in their output. */
  readonly nonce: string
  /** The time limit from the start to the login prompt, or to what the distro declares instead, in seconds. */
  readonly bootSeconds: number
  /** How long the console may be silent before the login prompt, in seconds. */
  readonly silenceSeconds: number
  /** The time limit for a command and for each reply during login, in seconds. */
  readonly commandSeconds: number
  /** Facts that every failure carries. */
  readonly facts: () => readonly Fact[]
  /** What the distro declares to be on its console. */
  readonly check?: BootCheck
  readonly onStage?: (stage: Stage, seconds: number) => void
}

/** What a command in the guest did. */
export interface CommandResult {
  readonly command: string
  readonly status: number
  /** Both its streams as the console showed them, without the newlines at the end. */
  readonly output: string
}

/** The maximum number of times that a user name is typed, because a restarting getty swallows it. */
const LOGIN_ATTEMPTS = 3
/**
 * If no known prompt appears within this many seconds after a login, the session assumes a shell with an unknown prompt
 * and tries a command.
 */
const UNKNOWN_PROMPT = 30
/** Makes a shell print neither colours, pages and folded lines nor kernel messages. */
const PREPARATION =
  'export TERM=dumb PAGER=cat SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 LC_ALL=C.UTF-8; stty cols 1000; dmesg -n 1\n'
/** How long to read on after a failure for its explanation, and how much silence ends that, in seconds. */
const AFTERMATH = { within: 3, silence: 1 }

/** One boot. Every method throws a {@link BootFailure} when the guest does something else than it is asked to. */
export class GuestSession {
  readonly #options: GuestSessionOptions
  readonly #began: number
  /** Seconds from the start to each stage that was reached. */
  readonly seconds: Partial<Record<Stage, number>> = {}
  /** What systemd reported about units that failed. */
  readonly #unitFailures: string[] = []
  #commands = 0

  constructor(options: GuestSessionOptions) {
    this.#options = options
    this.#began = options.clock.now()
  }

  /** Waits for the login prompt, or for what the distro declares instead; returns the seconds from the start. */
  async reachLogin(): Promise<number> {
    const { console, bootSeconds, silenceSeconds, check } = this.#options
    const expected = bootPatterns(check)
    for (;;) {
      const within = Math.max(0, bootSeconds - this.#elapsed())
      const seen = await console.expect(expected, { within, silence: silenceSeconds })
      if (seen.kind === 'timeout') return this.fail('timeout', [['waited', `${bootSeconds} s`]])
      if (seen.kind === 'silence') return this.fail('silence', [['silent for', `${silenceSeconds} s`]])
      if (seen.kind === 'ended') return this.fail('ended')
      const { matched, text, groups } = seen
      if (matched.means === 'failure')
        return this.fail(
          matched.kind,
          matched.kind === 'declared' ? [['console', groups[0] ?? text.trim()]] : [],
          matched,
        )
      if (matched.means === 'unit failure') this.#unitFailures.push(text.trim())
      else this.#reached(matched.stage)
      const { login } = this.seconds
      if (login !== undefined) return login
    }
  }

  /** Logs in at the prompt, with the password if the guest asks for one, and prepares the shell. */
  async logIn(user: string, password: string): Promise<void> {
    const { commandSeconds: within, check, write } = this.#options
    const prompts = loginPrompts(check)
    const isLoginPrompt = (seen: Match | undefined): boolean => prompts.some((one) => one === seen?.matched)
    for (let attempt = 1; attempt <= LOGIN_ATTEMPTS; attempt += 1) {
      write(`${user}\n`)
      let seen = await this.#answer([SHELL_PROMPT, PASSWORD_PROMPT, LOGIN_REFUSED, ...prompts], {
        within,
        silence: UNKNOWN_PROMPT,
      })
      if (seen?.matched === PASSWORD_PROMPT) {
        write(`${password}\n`)
        seen = await this.#answer([SHELL_PROMPT, LOGIN_REFUSED, ...prompts], { within })
        if (seen === undefined) return this.#failLogin(user)
      }
      if (seen?.matched === LOGIN_REFUSED) return this.#failLogin(user)
      // Without a known prompt, only the answer to a command can tell whether this is a shell.
      if (!isLoginPrompt(seen)) return this.#prepareShell(user)
    }
    return this.#failLogin(user, [['attempts', String(LOGIN_ATTEMPTS)]])
  }

  /** Prepares the shell that the distro declares to be at its prompt. */
  async enterShell(): Promise<void> {
    const { write, commandSeconds } = this.#options
    write(PREPARATION)
    if ((await this.#try('exit 7', commandSeconds))?.status !== 7) await this.fail('shell')
  }

  /** Runs a command with `sh -c`, without colours, pagers and kernel messages. */
  async run(command: string, seconds = this.#options.commandSeconds): Promise<CommandResult> {
    const result = await this.#try(command, seconds)
    if (result) return result
    return this.fail('command', [
      ['command', command],
      ['waited', `${seconds} s`],
    ])
  }

  /** Powers the system off with a command; returns false if the machine restarts or is still on after `seconds`. */
  async powerOff(command: string, seconds: number): Promise<boolean> {
    const { console, clock, write } = this.#options
    const deadline = clock.now() + seconds
    let restarts = false
    write(`${command}\n`)
    for (;;) {
      const seen = await console.expect([RESTART], { within: Math.max(0, deadline - clock.now()) })
      if (seen.kind === 'timeout') return false
      if (seen.kind === 'ended') return !restarts
      restarts = true
    }
  }

  /** Throws a failure with all known facts; `tail` replaces the end of the console. */
  async fail(
    kind: BootFailureKind,
    facts: readonly Fact[] = [],
    { text, tail }: { readonly text?: FailureText; readonly tail?: string } = {},
  ): Promise<never> {
    const { image, console } = this.#options
    await console.expect([], AFTERMATH)
    const stages = Object.entries(this.seconds).map(([stage, at]) => `${stage} ${at.toFixed(1)} s`)
    throw new BootFailure(kind, {
      image,
      facts: [
        ...facts,
        ['stages', stages.join(', ') || 'none'],
        ...(this.#unitFailures.length > 0 ? [['unit failures', this.#unitFailures.join('\n')] as const] : []),
        ...this.#options.facts(),
      ],
      tail: tail ?? console.tail(TAIL_LINES),
      text,
    })
  }

  #elapsed(): number {
    return this.#options.clock.now() - this.#began
  }

  #reached(stage: Stage): void {
    if (this.seconds[stage] !== undefined) return
    this.seconds[stage] = this.#elapsed()
    this.#options.onStage?.(stage, this.#elapsed())
  }

  /** Waits for one of the patterns; undefined when none matches in time. */
  async #answer(patterns: readonly ConsolePattern[], limits: Limits): Promise<Match | undefined> {
    const seen = await this.#options.console.expect([PANIC, ...patterns], limits)
    if (seen.kind === 'ended') return this.fail('ended')
    if (seen.kind !== 'matched') return undefined
    return seen.matched === PANIC ? this.fail('panic') : seen
  }

  #failLogin(user: string, facts: readonly Fact[] = []): Promise<never> {
    return this.fail('login', [['user', user], ...facts])
  }

  async #prepareShell(user: string): Promise<void> {
    this.#options.write(PREPARATION)
    const result = await this.#try('id -un', this.#options.commandSeconds)
    if (result?.output.split('\n').at(-1) !== user) await this.#failLogin(user)
  }

  /** Runs a command; undefined when it does not finish in time. */
  async #try(command: string, seconds: number): Promise<CommandResult | undefined> {
    const { clock, nonce, write } = this.#options
    this.#commands += 1
    const id = `${nonce}-${this.#commands}`
    // The console echoes the quotes, too, so the echo matches neither mark.
    const script = `sh -c '${command.replaceAll("'", `'\\''`)}'`
    write(`echo beg""in:${id}; ${script}; echo en""d:${id}:$?:\n`)
    const deadline = clock.now() + seconds
    const begin = await this.#answer([{ pattern: new RegExp(`begin:${id}\\n`) }], { within: seconds })
    if (begin === undefined) return undefined
    const within = Math.max(0, deadline - clock.now())
    const end = await this.#answer([{ pattern: new RegExp(`end:${id}:(\\d+):`) }], { within })
    return end && { command, status: Number(end.groups[0]), output: end.before.replace(/\n+$/, '') }
  }
}

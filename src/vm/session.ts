import type { Fact } from '../platform/failure.ts'
import { TAIL_LINES } from '../platform/failure.ts'
import type { Clock } from './clock.ts'
import type { Console, Limits, Outcome, Sign } from './console.ts'
import { BootFailure, type BootFailureKind } from './failure.ts'
import {
  COMPLAINT,
  FAILURES,
  LOGIN,
  PANIC,
  PASSWORD,
  PROGRESS,
  PROMPT,
  REFUSED,
  RESTART,
} from './consolePatterns.ts'
import type { Stage } from './consolePatterns.ts'

export interface SessionOptions {
  /** Named in messages. */
  readonly image: string
  readonly console: Console
  readonly clock: Clock
  /** Types on the console. */
  readonly write: (text: string) => void
  /** Marks the ends of what commands print; must not occur in it. */
  readonly nonce: string
  /** From the start to the login prompt, in seconds. */
  readonly loginSeconds: number
  /** How long the console may be silent before the login prompt, in seconds. */
  readonly silenceSeconds: number
  /** For one command, and for each answer while logging in, in seconds. */
  readonly commandSeconds: number
  /** Facts to tell with each failure. */
  readonly facts: () => readonly Fact[]
  readonly onStage?: (stage: Stage, seconds: number) => void
}

/** What a command in the guest did. */
export interface CommandResult {
  readonly command: string
  readonly status: number
  /** Both its streams as the console showed them, without the newlines at the end. */
  readonly output: string
}

/** How often a user name is typed before a login counts as failed: a getty that starts anew swallows it. */
const LOGIN_ATTEMPTS = 3
/** How long a shell may say nothing after a login before it counts as one with a prompt of its own, in seconds. */
const UNKNOWN_PROMPT = 30
/** After a sign of failure: how long to read on for its explanation, and how much silence ends it, in seconds. */
const AFTERMATH = { within: 3, silence: 1 }

/**
 * One boot, seen and driven over its console: to the login prompt, into a shell, through commands, and off. Every
 * method throws a {@link BootFailure} when the guest does something else.
 */
export class Session {
  readonly #options: SessionOptions
  readonly #began: number
  /** Seconds from the start to each stage that was seen. */
  readonly seconds: Partial<Record<Stage, number>> = {}
  /** Units that the guest said it failed to start, in its own words. */
  readonly complaints: string[] = []
  #commands = 0

  constructor(options: SessionOptions) {
    this.#options = options
    this.#began = options.clock.now()
  }

  /** Waits for a login prompt, and nothing less. */
  async reachLogin(): Promise<void> {
    const { console, loginSeconds, silenceSeconds } = this.#options
    for (;;) {
      const within = Math.max(0, loginSeconds - this.#elapsed())
      const signs = [...FAILURES, LOGIN, COMPLAINT, ...PROGRESS]
      const seen = await console.expect(signs, { within, silence: silenceSeconds })
      if (seen.kind === 'timeout') return this.fail('timeout', [['waited', `${loginSeconds} s`]])
      if (seen.kind === 'silence') return this.fail('silence', [['silent for', `${silenceSeconds} s`]])
      if (seen.kind === 'ended') return this.fail('ended')
      if (seen.name === 'complaint') this.complaints.push(seen.match[0]!.trim())
      else if (!isStage(seen.name)) return this.fail(seen.name)
      else this.#reached(seen.name)
      if (seen.name === 'login') return
    }
  }

  /** Logs in at the prompt, with the password if one is asked for, and readies the shell. */
  async logIn(user: string, password: string): Promise<void> {
    const within = this.#options.commandSeconds
    for (let attempt = 1; attempt <= LOGIN_ATTEMPTS; attempt += 1) {
      this.#options.write(`${user}\n`)
      let seen = await this.#answer([PROMPT, PASSWORD, REFUSED, LOGIN], { within, silence: UNKNOWN_PROMPT })
      if (seen?.name === 'password') {
        this.#options.write(`${password}\n`)
        seen = await this.#answer([PROMPT, REFUSED, LOGIN], { within })
        if (seen === undefined) return this.fail('login', [['user', user]])
      }
      if (seen?.name === 'refused') return this.fail('login', [['user', user]])
      if (seen?.name === 'login') continue
      // Whether it is a shell, its answer decides.
      return this.#ready(user)
    }
    return this.fail('login', [
      ['user', user],
      ['attempts', String(LOGIN_ATTEMPTS)],
    ])
  }

  /**
   * Runs a command with `sh -c` and gives its status and output. It may take so many seconds; the usual limit unless
   * given. Colours, paging and kernel messages are off.
   */
  async run(command: string, seconds = this.#options.commandSeconds): Promise<CommandResult> {
    const result = await this.#try(command, seconds)
    return (
      result ??
      (await this.fail('command', [
        ['command', command],
        ['waited', `${seconds} s`],
      ]))
    )
  }

  /** Asks the system to power off, and waits until the machine is. False if it is not within so many seconds. */
  async powerOff(seconds: number): Promise<boolean> {
    const { console, clock, write } = this.#options
    const deadline = clock.now() + seconds
    let restarts = false
    write('poweroff\n')
    for (;;) {
      const seen = await console.expect([RESTART], { within: Math.max(0, deadline - clock.now()) })
      if (seen.kind === 'timeout') return false
      if (seen.kind === 'ended') return !restarts
      restarts = true
    }
  }

  /** Ends with a failure, told with all that is known; `tail` replaces the console's. */
  async fail(
    kind: BootFailureKind,
    facts: readonly Fact[] = [],
    text: { readonly headline?: string; readonly tail?: string } = {},
  ): Promise<never> {
    const { image, console } = this.#options
    await console.expect([], AFTERMATH)
    const tail = text.tail ?? console.tail(TAIL_LINES)
    const stages = Object.entries(this.seconds).map(([stage, at]) => `${stage} ${at.toFixed(1)} s`)
    const said = [...tail.matchAll(/^lbuild-initramfs: failed: (.*)$/gm)].at(-1)?.[1]
    const known: Fact[] = [
      ...facts,
      ['seen', stages.join(', ') || 'nothing that looks like a boot'],
      ...(kind === 'initramfs-shell' && said !== undefined ? [['initramfs', said] as const] : []),
      ...(this.complaints.length > 0 ? [['complaints', this.complaints.join('\n')] as const] : []),
      ...this.#options.facts(),
    ]
    throw new BootFailure(kind, {
      image,
      facts: known,
      tail,
      ...(text.headline === undefined ? {} : { headline: text.headline }),
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

  /** The next of the signs, or undefined when none came in time. */
  async #answer<N extends string>(
    signs: readonly Sign<N>[],
    limits: Limits,
  ): Promise<Extract<Outcome<N>, { kind: 'seen' }> | undefined> {
    const seen = await this.#options.console.expect<N | BootFailureKind>([...PANIC, ...signs], limits)
    if (seen.kind === 'ended') return this.fail('ended')
    if (seen.kind !== 'seen') return undefined
    if (seen.name === 'panic') return this.fail('panic')
    return seen as Extract<Outcome<N>, { kind: 'seen' }>
  }

  async #ready(user: string): Promise<void> {
    const variables = 'TERM=dumb PAGER=cat SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 LC_ALL=C.UTF-8'
    this.#options.write(`export ${variables}; stty cols 1000; dmesg -n 1\n`)
    const result = await this.#try('id -un', this.#options.commandSeconds)
    if (result?.output.split('\n').at(-1) !== user) await this.fail('login', [['user', user]])
  }

  /** Undefined when the command did not come back in time. */
  async #try(command: string, seconds: number): Promise<CommandResult | undefined> {
    this.#commands += 1
    const id = `${this.#options.nonce}-${this.#commands}`
    // The echo of what is typed has the quotes in it, and so is neither the one mark nor the other.
    const script = `sh -c '${command.replaceAll("'", `'\\''`)}'`
    this.#options.write(`echo beg""in:${id}; ${script}; echo en""d:${id}:$?:\n`)
    const begin = { name: 'begin', pattern: new RegExp(`begin:${id}\\n`) }
    const end = { name: 'end', pattern: new RegExp(`end:${id}:(\\d+):`) }
    const deadline = this.#options.clock.now() + seconds
    if ((await this.#answer([begin], { within: seconds })) === undefined) return undefined
    const seen = await this.#answer([end], { within: Math.max(0, deadline - this.#options.clock.now()) })
    if (seen === undefined) return undefined
    return { command, status: Number(seen.match[1]), output: seen.before.replace(/\n+$/, '') }
  }
}

const STAGES: ReadonlySet<string> = new Set<Stage>([
  'firmware',
  'loader',
  'kernel',
  'initramfs',
  'userspace',
  'login',
])
const isStage = (name: string): name is Stage => STAGES.has(name)

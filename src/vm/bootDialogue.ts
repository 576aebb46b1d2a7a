// The dialogue of a boot check with the guest: log in, ask systemd for its state, run commands, power off.
import type { BootPatterns } from '../api/config.ts'
import type { Fact } from '../platform/failure.ts'
import { TAIL_LINES } from '../platform/failure.ts'
import type { Stage } from './consolePatterns.ts'
import { type CommandResult, GuestSession, type SerialLine } from './guestSession.ts'

/** What a boot check does in the guest, and how long each part may take. */
export interface BootDialogueOptions {
  /** Who logs in; `root` by default. */
  readonly user?: string
  /** Typed if the guest asks for a password; empty by default. */
  readonly password?: string
  /** Further commands, each run with `sh -c` after the system has started. */
  readonly commands?: readonly string[]
  /** The accepted answers of `systemctl is-system-running`; only `running` by default. */
  readonly accept?: readonly string[]
  /** Seconds from the start to the login prompt; the default is in {@link TIME_LIMITS}. */
  readonly loginSeconds?: number
  /** Seconds that the console may be silent before the login prompt; the default is in {@link TIME_LIMITS}. */
  readonly silenceSeconds?: number
  /** Seconds for each command, for each answer while logging in, and for powering off; 120 by default. */
  readonly commandSeconds?: number
  /** What the distro declares to be on its console. */
  readonly patterns?: BootPatterns
  /** Called when the boot reaches a new stage, with the seconds since the start. */
  readonly onStage?: (stage: Stage, seconds: number) => void
}

/** What a boot check found out about a running system. */
export interface SystemReport {
  /** Seconds from the start of QEMU to the kernel's first line, if the kernel printed it. */
  readonly secondsToKernel: number | undefined
  /** Seconds to the first line of the system's own init, if it printed one. */
  readonly secondsToUserspace: number | undefined
  /** Seconds to the login prompt. */
  readonly secondsToLogin: number
  /** The answer of `systemctl is-system-running --wait`, such as `running`. */
  readonly systemState: string
  readonly failedUnits: readonly string[]
  /** The file system at `/`; `size` as findmnt(8) prints it. */
  readonly root: { readonly source: string; readonly fstype: string; readonly size: string }
  readonly machineId: string
  /** The kernel's release, from `uname -r`. */
  readonly kernel: string
  /** The results of the further commands, in order. */
  readonly commands: readonly CommandResult[]
  /** Whether the machine powered off on request. */
  readonly poweredOff: boolean
  /** The end of the console. */
  readonly tail: string
}

/** Limits in seconds by accelerator: `kvm` runs the guest's code natively, `tcg` translates it. */
export const TIME_LIMITS = {
  kvm: { loginSeconds: 120, silenceSeconds: 60 },
  tcg: { loginSeconds: 300, silenceSeconds: 120 },
} as const

/**
 * Conducts the dialogue with a machine that was just started. `nonce` marks the ends of outputs and must not occur in
 * them; every failure carries `facts`. Throws a BootFailure when the guest does anything unexpected.
 */
export async function bootDialogue(
  image: string,
  line: SerialLine,
  nonce: string,
  facts: () => readonly Fact[],
  options: BootDialogueOptions,
): Promise<SystemReport> {
  const { commandSeconds = 120, accept = ['running'], onStage, patterns } = options
  const session = new GuestSession({
    ...TIME_LIMITS.tcg,
    ...line,
    image,
    nonce,
    facts,
    commandSeconds,
    ...(options.loginSeconds === undefined ? {} : { loginSeconds: options.loginSeconds }),
    ...(options.silenceSeconds === undefined ? {} : { silenceSeconds: options.silenceSeconds }),
    ...(patterns === undefined ? {} : { patterns }),
    ...(onStage === undefined ? {} : { onStage }),
  })
  const secondsToLogin = await session.reachLogin()
  await session.logIn(options.user ?? 'root', options.password ?? '')

  const systemState = await settledState(session, commandSeconds)
  const failed = await session.run('systemctl list-units --failed --plain --no-legend')
  const failedUnits = [...failed.output.matchAll(/^\S+\.\S+(?= )/gm)].map(([unit]) => unit)
  if (!accept.includes(systemState)) await failDegraded(session, systemState, failedUnits)
  const [source = '', fstype = '', size = ''] = (
    await session.run('findmnt -rn -o SOURCE,FSTYPE,SIZE /')
  ).output.split(' ')
  const machineId = (await session.run('cat /etc/machine-id')).output
  const kernel = (await session.run('uname -r')).output
  const commands: CommandResult[] = []
  for (const command of options.commands ?? []) commands.push(await session.run(command))
  const poweredOff = await session.powerOff(commandSeconds)

  return {
    secondsToKernel: session.seconds.kernel,
    secondsToUserspace: session.seconds.userspace,
    secondsToLogin,
    systemState,
    failedUnits,
    root: { source, fstype, size },
    machineId,
    kernel,
    commands,
    poweredOff,
    tail: line.console.tail(TAIL_LINES),
  }
}

/** The answers of `systemctl is-system-running` (systemctl(1)); any other means that there is no systemd. */
const STATES = /^(?:initializing|starting|running|degraded|maintenance|stopping|offline)$/

/** How many seconds the guest may need beyond the limit of its own timeout(1). */
const GRACE = 30

/** Returns the state of the system when it has finished starting, or after `seconds`. */
async function settledState(session: GuestSession, seconds: number): Promise<string> {
  const state = 'systemctl is-system-running'
  const { output } = await session.run(`timeout ${seconds} ${state} --wait || ${state}`, seconds + GRACE)
  const last = output.slice(output.lastIndexOf('\n') + 1).trim()
  return STATES.test(last) ? last : 'unknown'
}

async function failDegraded(session: GuestSession, state: string, units: readonly string[]): Promise<never> {
  const query =
    units.length > 0
      ? `systemctl status --no-pager --full --lines=5 ${units.map((unit) => `'${unit}'`).join(' ')}`
      : 'systemctl list-jobs --no-pager --no-legend'
  const { output } = await session.run(query)
  return session.fail(
    'degraded',
    [
      ['state', state],
      ['failed units', units.join('\n') || 'none'],
    ],
    { text: { headline: `the system started, but its state is '${state}'` }, tail: output },
  )
}

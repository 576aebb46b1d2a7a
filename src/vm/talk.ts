import type { Fact } from '../platform/failure.ts'
import { TAIL_LINES } from '../platform/failure.ts'
import type { Clock } from './clock.ts'
import type { Console } from './console.ts'
import { type CommandResult, Session } from './session.ts'
import type { Stage } from './consolePatterns.ts'

/** What a boot check does in the guest, and how long each part may take. */
export interface BootTalk {
  /** Who logs in; root unless given. */
  readonly user?: string
  /** Typed if a password is asked for; empty unless given. */
  readonly password?: string
  /** Further commands, each run with `sh -c` once the system has settled. */
  readonly commands?: readonly string[]
  /** What `systemctl is-system-running` may say; only `running` unless given. */
  readonly accept?: readonly string[]
  /** Seconds from the start to the login prompt: 120 with KVM, 300 without, unless given. */
  readonly loginSeconds?: number
  /** Seconds that the console may be silent before the login prompt: 60 with KVM, 120 without, unless given. */
  readonly silenceSeconds?: number
  /** Seconds for each command, for each answer while logging in, and for powering off: 120 unless given. */
  readonly commandSeconds?: number
  /** Called when the boot has come to a new stage, with the seconds since the start. */
  readonly onStage?: (stage: Stage, seconds: number) => void
}

/** What was seen of a system that booted. */
export interface SystemReport {
  /** Seconds from the start of QEMU to the kernel's first line, if it was shown. */
  readonly secondsToKernel: number | undefined
  /** Seconds to the first line of the system's own init, if it was shown. */
  readonly secondsToUserspace: number | undefined
  /** Seconds to the login prompt. */
  readonly secondsToLogin: number
  /** What `systemctl is-system-running --wait` says, such as `running`. */
  readonly systemState: string
  readonly failedUnits: readonly string[]
  /** What is mounted on `/`; the size as findmnt writes it. */
  readonly root: { readonly source: string; readonly fstype: string; readonly size: string }
  readonly machineId: string
  /** The kernel's release, as `uname -r` says. */
  readonly kernel: string
  /** The further commands, in order. */
  readonly commands: readonly CommandResult[]
  /** Whether the machine went off when asked to. */
  readonly poweredOff: boolean
  /** The end of the console. */
  readonly tail: string
}

/** The guest's end of a serial line. */
export interface Line {
  readonly console: Console
  readonly clock: Clock
  readonly write: (text: string) => void
}

/** How long a boot may take where the guest's code is run natively (`kvm`) and where it is translated (`tcg`). */
export const PATIENCE = {
  kvm: { loginSeconds: 120, silenceSeconds: 60 },
  tcg: { loginSeconds: 300, silenceSeconds: 120 },
} as const

/**
 * Talks to a machine that has just been started: waits for a login prompt, logs in, asks the system how it is, runs
 * the further commands, and powers off. `nonce` marks the ends of outputs and must not occur in them; `facts` is what
 * each failure is told with. Throws a BootFailure when the guest does anything else.
 */
export async function talk(
  image: string,
  line: Line,
  nonce: string,
  facts: () => readonly Fact[],
  options: BootTalk,
): Promise<SystemReport> {
  const { commandSeconds = 120, accept = ['running'], onStage } = options
  const session = new Session({
    ...line,
    image,
    nonce,
    facts,
    commandSeconds,
    loginSeconds: options.loginSeconds ?? PATIENCE.tcg.loginSeconds,
    silenceSeconds: options.silenceSeconds ?? PATIENCE.tcg.silenceSeconds,
    ...(onStage === undefined ? {} : { onStage }),
  })
  await session.reachLogin()
  await session.logIn(options.user ?? 'root', options.password ?? '')

  const systemState = await settled(session, commandSeconds)
  const failed = await session.run('systemctl list-units --failed --plain --no-legend')
  const failedUnits = [...failed.output.matchAll(/^(\S+\.\S+) /gm)].map(([, unit]) => unit!)
  if (!accept.includes(systemState)) await degraded(session, systemState, failedUnits)
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
    secondsToLogin: session.seconds.login!,
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

/** What `systemctl is-system-running` can say (systemctl(1)); anything else is its absence. */
const STATES = /^(?:initializing|starting|running|degraded|maintenance|stopping|offline)$/

/** How long the guest may need beyond the time that timeout(1) has there, in seconds. */
const GRACE = 30

/** The state of the system once its start is over, or after so many seconds. */
async function settled(session: Session, seconds: number): Promise<string> {
  const state = 'systemctl is-system-running'
  const result = await session.run(`timeout ${seconds} ${state} --wait || ${state}`, seconds + GRACE)
  const last = result.output.split('\n').at(-1)!.trim()
  return STATES.test(last) ? last : 'unknown'
}

async function degraded(session: Session, state: string, units: readonly string[]): Promise<never> {
  const asked =
    units.length > 0
      ? `systemctl status --no-pager --full --lines=5 ${units.map((unit) => `'${unit}'`).join(' ')}`
      : 'systemctl list-jobs --no-pager --no-legend'
  const { output } = await session.run(asked)
  return session.fail(
    'degraded',
    [
      ['state', state],
      ['failed units', units.join('\n') || 'none'],
    ],
    { headline: `the system came up, but is ${state}`, tail: output },
  )
}

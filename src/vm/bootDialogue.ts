// The dialogue of a boot check with the guest: log in, ask systemd for its state, run commands, power off.
import type { BootCheck } from '../api/config.ts'
import type { Fact } from '../platform/failure.ts'
import { TAIL_LINES } from '../platform/failure.ts'
import type { Stage } from './consolePatterns.ts'
import { type CommandResult, GuestSession, type SerialLine } from './guestSession.ts'

/** What a boot check does in the guest, and how long each part may take. */
export interface BootDialogueOptions extends BootCheck {
  /** Further commands, each run with `sh -c` after the system has started. */
  readonly commands?: readonly string[]
  /** The accepted answers of `systemctl is-system-running`; only `running` by default. */
  readonly accept?: readonly string[]
  /** Called when the boot reaches a new stage, with the seconds since the start. */
  readonly onStage?: (stage: Stage, seconds: number) => void
}

/** What a boot check found out about a running system. After a declared success line, only times and the tail are known. */
export interface SystemReport {
  /** Seconds from the start of QEMU to the kernel's first line, if the kernel printed it. */
  readonly secondsToKernel: number | undefined
  /** Seconds to the first line of the system's own init, if it printed one. */
  readonly secondsToUserspace: number | undefined
  /** Seconds to the login prompt, or to the shell prompt or success line that the distro declares. */
  readonly secondsToLogin: number
  /** The answer of `systemctl is-system-running --wait`, such as `running`; missing if the system has no systemctl. */
  readonly systemState?: string
  readonly failedUnits: readonly string[]
  /** The file system at `/`, if the system shows it; `size` as findmnt(8) prints it, if it has findmnt. */
  readonly root?: { readonly source: string; readonly fstype: string; readonly size?: string }
  /** The content of /etc/machine-id, if there is one. */
  readonly machineId?: string
  /** The kernel's release, from `uname -r`. */
  readonly kernel?: string
  /** The results of the further commands, in order. */
  readonly commands: readonly CommandResult[]
  /** Whether the machine powered off on request. */
  readonly poweredOff: boolean
  /** The end of the console. */
  readonly tail: string
}

/** Limits in seconds by accelerator: `kvm` runs the guest's code natively, `tcg` translates it. */
export const TIME_LIMITS = {
  kvm: { bootSeconds: 120, silenceSeconds: 60 },
  tcg: { bootSeconds: 300, silenceSeconds: 120 },
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
  const { commandSeconds = 120, onStage, prompt, success, user = 'root', password = '' } = options
  const session = new GuestSession({
    ...TIME_LIMITS.tcg,
    ...line,
    image,
    nonce,
    facts,
    commandSeconds,
    ...(options.bootSeconds === undefined ? {} : { bootSeconds: options.bootSeconds }),
    ...(options.silenceSeconds === undefined ? {} : { silenceSeconds: options.silenceSeconds }),
    check: options,
    ...(onStage === undefined ? {} : { onStage }),
  })
  const secondsToLogin = await session.reachLogin()
  const seconds = {
    secondsToKernel: session.seconds.kernel,
    secondsToUserspace: session.seconds.userspace,
    secondsToLogin,
  }
  const tail = (): string => line.console.tail(TAIL_LINES)
  if (success !== undefined)
    return { ...seconds, failedUnits: [], commands: [], poweredOff: false, tail: tail() }
  if (prompt === undefined) await session.logIn(user, password)
  else await session.enterShell()
  return { ...seconds, ...(await examine(session, options, commandSeconds)), tail: tail() }
}

/** Asks a shell of the guest for the state of the system, runs the commands, and powers off. */
async function examine(
  session: GuestSession,
  { accept = ['running'], commands: wanted = [] }: BootDialogueOptions,
  commandSeconds: number,
): Promise<Omit<SystemReport, 'secondsToKernel' | 'secondsToUserspace' | 'secondsToLogin' | 'tail'>> {
  const answerTo = async (command: string): Promise<string | undefined> => {
    const { output, status } = await session.run(command)
    return status === 0 && output !== '' ? output : undefined
  }
  const hasSystemd = (await session.run('command -v systemctl')).status === 0
  const units = hasSystemd ? await unitStates(session, accept, commandSeconds) : { failedUnits: [] }
  const root = await rootOf(answerTo)
  const machineId = await answerTo('cat /etc/machine-id')
  const kernel = await answerTo('uname -r')
  const commands: CommandResult[] = []
  for (const command of wanted) commands.push(await session.run(command))
  // Without systemd, init may be a shell script that does not know the signal of poweroff.
  const poweredOff = await session.powerOff(
    hasSystemd ? 'poweroff' : 'poweroff -f || poweroff',
    commandSeconds,
  )
  return {
    ...units,
    ...(root === undefined ? {} : { root }),
    ...(machineId === undefined ? {} : { machineId }),
    ...(kernel === undefined ? {} : { kernel }),
    commands,
    poweredOff,
  }
}

/** Waits until systemd has started all units. Throws a BootFailure if its state is not accepted. */
async function unitStates(
  session: GuestSession,
  accept: readonly string[],
  seconds: number,
): Promise<Required<Pick<SystemReport, 'systemState' | 'failedUnits'>>> {
  const systemState = await settledState(session, seconds)
  const failed = await session.run('systemctl list-units --failed --plain --no-legend')
  const failedUnits = [...failed.output.matchAll(/^\S+\.\S+(?= )/gm)].map(([unit]) => unit)
  if (!accept.includes(systemState)) await failDegraded(session, systemState, failedUnits)
  return { systemState, failedUnits }
}

/** The file system at `/`, from findmnt(8) or else from proc_pid_mounts(5), where the last line counts. */
async function rootOf(
  answerTo: (command: string) => Promise<string | undefined>,
): Promise<SystemReport['root']> {
  const found = (await answerTo('findmnt -rn -o SOURCE,FSTYPE,SIZE /'))?.split(' ')
  const mounts = found ? [] : ((await answerTo('cat /proc/mounts'))?.split('\n') ?? [])
  const mounted = mounts.map((mount) => mount.split(' ')).findLast(([, target]) => target === '/')
  const [source, fstype, size] = found ?? [mounted?.[0], mounted?.[2]]
  if (source === undefined || fstype === undefined) return undefined
  return { source, fstype, ...(size === undefined ? {} : { size }) }
}

/** The answers of `systemctl is-system-running` (systemctl(1)); any other means that systemctl failed. */
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

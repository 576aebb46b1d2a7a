// Checks that an image boots: starts it headless in QEMU and conducts the boot dialogue.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { Failure, type Fact } from '../platform/failure.ts'
import type { Accelerator } from './accelerator.ts'
import { BootFailure } from './bootFailure.ts'
import { bootDialogue, type BootDialogueOptions, type SystemReport, TIME_LIMITS } from './bootDialogue.ts'
import { systemClock } from './clock.ts'
import { Console } from './serialConsole.ts'
import { type MachineOptions, prepareMachine } from './machine.ts'
import type { Firmware } from './qemu.ts'
import { startVm, type VmExit } from './vm.ts'

export interface BootOptions extends MachineOptions, BootDialogueOptions {
  /** A file that receives every byte of the console as it arrives; its directory is created. */
  readonly log?: string
}

interface GuestMachine {
  readonly firmware: Firmware
  readonly accelerator: Accelerator
}

export interface BootReport extends SystemReport, GuestMachine {}

/** Talks to a machine that was just started; {@link bootDialogue} describes the arguments. */
type Dialogue<Report> = (...args: Parameters<typeof bootDialogue>) => Promise<Report>

/**
 * The panic of a kernel whose first timer ticks came too late (Linux, arch/x86/kernel/apic/io_apic.c, check_timer). On a
 * busy host TCG causes it now and then, whatever the image is.
 */
const LOST_TICKS = "panic - not syncing: IO-APIC + timer doesn't work"
/** The maximum number of boots of an image if its kernel loses its ticks. */
const BOOT_ATTEMPTS = 3

/**
 * Boots an image headless in QEMU, on a throw-away overlay and without a network beyond QEMU's own. Waits for a login
 * prompt on the serial console, logs in, asks systemd for its state, and powers off; a {@link BootDialogueOptions} may declare another course. Throws a BootFailure when the
 * image does anything else, and a Failure when the machine cannot be started. However the check ends, it leaves no
 * process and no file but the log. A boot whose kernel panics because TCG delivered its first timer ticks too late is
 * repeated.
 */
export const checkBoot = (options: BootOptions): Promise<BootReport> => bootGuest(options, bootDialogue)

/** Boots an image as {@link checkBoot} does, for another dialogue with the guest. */
export async function bootGuest<Report extends object>(
  options: BootOptions,
  dialogue: Dialogue<Report>,
): Promise<Report & GuestMachine> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await bootOnce(options, dialogue)
    } catch (error) {
      const lostTicks = error instanceof BootFailure && error.tail?.includes(LOST_TICKS)
      if (!lostTicks || attempt === BOOT_ATTEMPTS) throw error
    }
}

async function bootOnce<Report extends object>(
  options: BootOptions,
  dialogue: Dialogue<Report>,
): Promise<Report & GuestMachine> {
  const use = { screen: 'none', network: 'isolated', interactive: false } as const
  const { setpriv, command, firmware, accelerator } = await prepareMachine(options, use)
  const { signal } = options
  const log = options.log === undefined ? undefined : await openLog(options.log)

  const console = new Console(systemClock)
  const vm = startVm(setpriv, command, signal)
  let exit: VmExit | undefined
  let broken: unknown
  vm.output.on('data', (bytes: Uint8Array) => console.feed(bytes))
  vm.exited
    .then((result) => (exit = result))
    .catch((error) => (broken = error))
    .finally(() => console.end())
  const written = log === undefined ? Promise.resolve() : finished(vm.output.pipe(log))
  written.catch((error) => {
    broken = error
    vm.kill()
  })
  const facts = (): Fact[] => [
    ['firmware', firmware],
    ['accelerator', `${accelerator.name} (${accelerator.reason})`],
    ...(exit === undefined ? [] : [['QEMU', ending(exit)] as const]),
    ...(options.log === undefined ? [] : [['console', options.log] as const]),
  ]
  try {
    const line = { console, clock: systemClock, write: vm.write }
    const { bootSeconds } = options
    // Whoever sets only the time limit of the boot allows silence until then.
    const silence = bootSeconds === undefined ? {} : { silenceSeconds: bootSeconds }
    const limits = { ...TIME_LIMITS[accelerator.name], ...silence, ...options }
    const nonce = randomBytes(4).toString('hex')
    const report = await dialogue(basename(options.image), line, nonce, facts, limits)
    return { ...report, firmware, accelerator }
  } catch (error) {
    signal?.throwIfAborted()
    throw broken === undefined
      ? error
      : new Failure('the boot check itself failed', { cause: broken, facts: [['error', String(broken)]] })
  } finally {
    vm.kill()
    await vm.exited.catch(() => {})
    log?.end()
    await written.catch(() => {})
  }
}

async function openLog(path: string): Promise<WriteStream> {
  try {
    await mkdir(dirname(path), { recursive: true })
    const stream = createWriteStream(path)
    await once(stream, 'open')
    return stream
  } catch (error) {
    throw new Failure(`cannot write the console to '${path}'`, {
      facts: [['error', String(error)]],
      cause: error,
      exitCode: 2,
    })
  }
}

const ending = ({ code, signal, errors }: VmExit): string =>
  [code === null ? `killed by ${signal}` : `exit code ${code}`, errors]
    .filter((part) => part !== '')
    .join('\n')

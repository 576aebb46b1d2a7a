import { spawn } from 'node:child_process'
import { Failure } from '../platform/failure.ts'
import type { Accelerator } from './accelerator.ts'
import { type MachineOptions, prepareMachine } from './machine.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'

export interface RunImageOptions extends MachineOptions {
  /** Whether to open a window for the guest's screen; the terminal shows the serial console in any case. */
  readonly window?: boolean
  /** Called once, just before the machine starts. */
  readonly onStart?: (accelerator: Accelerator) => void
}

/**
 * Runs an image in QEMU for a person to use: its serial console on this terminal (Ctrl-A X ends it, Ctrl-C goes to
 * the guest), with a network, on an overlay that is thrown away at the end. Returns when the machine is off. Throws a
 * Failure when it cannot be started, or when QEMU ends with an error; its own words are on the terminal then.
 */
export async function runImage(options: RunImageOptions): Promise<void> {
  const { signal } = options
  const screen = options.window === true ? 'window' : 'none'
  const use = { screen, network: 'open', interactive: true } as const
  const { setpriv, command, accelerator } = await prepareMachine(options, use)
  options.onStart?.(accelerator)
  const [file, args] = withParentDeathSignal(setpriv, command)
  const child = spawn(file, args, { stdio: 'inherit' })
  // QEMU puts the terminal back in order when it is told to end, and not when it is killed.
  const stop = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, killedBy) => resolve(code ?? `ended by ${killedBy}`))
    })
    signal?.throwIfAborted()
    if (status !== 0)
      throw new Failure(`${options.image}: QEMU failed`, { facts: [['exit status', String(status)]] })
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

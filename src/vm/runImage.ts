// Runs an image in QEMU on this terminal.
import { spawn } from 'node:child_process'
import { Failure } from '../platform/failure.ts'
import type { Accelerator } from './accelerator.ts'
import { type MachineOptions, prepareMachine } from './machine.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'

export interface RunImageOptions extends MachineOptions {
  /** Whether to open a window for the guest's screen; the terminal always shows the serial console. */
  readonly window?: boolean
  /** The port of 127.0.0.1 that leads to the guest's port 22, until the machine is off; none by default. */
  readonly sshPort?: number
  /** Called once, just before the machine starts. */
  readonly onStart?: (accelerator: Accelerator) => void
}

/**
 * Runs an image for interactive use: its serial console on this terminal (Ctrl-A X quits, Ctrl-C goes to the guest),
 * with a network, on a throw-away overlay. Returns when the machine is off. Throws a Failure when it cannot start, or
 * when QEMU fails, which prints its own errors on the terminal.
 */
export async function runImage(options: RunImageOptions): Promise<void> {
  const { signal, sshPort } = options
  const screen = options.window === true ? 'window' : 'none'
  const forwarding = sshPort === undefined ? {} : { sshPort }
  const use = { screen, network: 'open', interactive: true, ...forwarding } as const
  const { setpriv, command, accelerator } = await prepareMachine(options, use)
  options.onStart?.(accelerator)
  const [file, args] = withParentDeathSignal(setpriv, command)
  const child = spawn(file, args, { stdio: 'inherit' })
  // QEMU restores the terminal on SIGTERM; on SIGKILL it cannot.
  const stop = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, killedBy) => resolve(code ?? `killed by ${killedBy}`))
    })
    signal?.throwIfAborted()
    if (status !== 0)
      throw new Failure(`QEMU failed to run '${options.image}'`, { facts: [['exit status', String(status)]] })
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

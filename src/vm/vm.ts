// Starts QEMU as a child process whose serial port is a pipe.
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'

/** How a process ended. */
export interface VmExit {
  /** The exit code, or null if a signal killed it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of its standard error. */
  readonly errors: string
}

/** A running virtual machine whose serial port is a pipe. */
export interface Vm {
  /** Bytes from the guest's serial port. */
  readonly output: Readable
  /** Types on the guest's serial port. */
  write(text: string): void
  /** Resolves when the process has ended and its pipes are drained; rejects if it cannot be started. */
  readonly exited: Promise<VmExit>
  /** Sends SIGKILL. */
  kill(): void
}

/** How much of QEMU's standard error a {@link VmExit} holds, in characters. */
const ERRORS_LIMIT = 8192

/** Starts a virtual machine that dies with this process; an abort of the signal kills it. */
export function startVm(setpriv: string, command: readonly string[], signal?: AbortSignal): Vm {
  const [file, args] = withParentDeathSignal(setpriv, command)
  const child = spawn(file, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const kill = (): void => void child.kill('SIGKILL')
  let errors = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => {
    errors = (errors + text).slice(-ERRORS_LIMIT)
  })
  // Writing to a machine that has ended fails; `exited` reports its end.
  child.stdin.on('error', () => {})
  const exited = new Promise<VmExit>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, killedBy) => resolve({ code, signal: killedBy, errors: errors.trim() }))
  }).finally(() => signal?.removeEventListener('abort', kill))
  signal?.addEventListener('abort', kill, { once: true })
  if (signal?.aborted === true) kill()
  return { output: child.stdout, write: (text) => void child.stdin.write(text), exited, kill }
}

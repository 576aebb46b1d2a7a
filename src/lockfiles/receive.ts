// Receives one file from one mirror with curl(1), and never more than expected. A mirror is not trusted.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Digest } from '../platform/digest.ts'
import { sha256Hasher } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'
import type { RawPath } from '../platform/rawPath.ts'
import type { Environment } from '../workspace/workspace.ts'

/** The lowest speed of a mirror that is not given up, in bytes per second. */
const SLOWEST = 4096

/** How much memory curl(1) may use, in bytes. Up to version 8.2 it stored endless headers (CVE-2023-38039). */
const MEMORY = 256 * 1024 * 1024

/** How much of the messages of curl is shown, in characters. */
const MESSAGES = 1000

/** What a mirror sent: a file of the expected digest, or a problem. */
export type Received =
  | { readonly problem?: never }
  | {
      readonly problem: string
      /** Whether another attempt may succeed. */
      readonly isTransient: boolean
    }

/** What to receive. */
export interface Download {
  readonly address: string
  readonly size: number
  readonly sha256: Digest
  /** The file that is written. It must not exist; after a problem it does not exist. */
  readonly path: RawPath
}

/**
 * Receives a file, and compares it with its size and digest. Gives the mirror up if it sends less than 4 KiB/s for
 * `stallSeconds`. Throws the reason of `signal` if that ends the transfer, and errors of the disk.
 */
export async function receive(
  disk: Disk,
  download: Download,
  env: Environment,
  stallSeconds: number,
  signal: AbortSignal,
): Promise<Received> {
  const { address, path } = download
  const fd = disk.open(path, 'wx', 0o644)
  let received: Received | undefined
  try {
    received = await transfer(disk, fd, download, curl(address, stallSeconds), env, signal)
    return received
  } finally {
    disk.close(fd)
    if (received === undefined || received.problem !== undefined) disk.unlink(path)
  }
}

function curl(address: string, stallSeconds: number): readonly string[] {
  const limited = ['prlimit', `--data=${MEMORY}`, '--', 'curl']
  const general = ['--fail', '--location', '--max-redirs', '10', '--globoff', '--no-progress-meter']
  const patience = ['--speed-limit', String(SLOWEST), '--speed-time', String(stallSeconds)]
  return [...limited, ...general, '--connect-timeout', '20', ...patience, '--url', address]
}

async function transfer(
  disk: Disk,
  fd: number,
  { size, sha256 }: Download,
  command: readonly string[],
  env: Environment,
  signal: AbortSignal,
): Promise<Received> {
  const { http_proxy, https_proxy, no_proxy } = env
  const proxies = Object.fromEntries(
    Object.entries({ http_proxy, https_proxy, no_proxy }).filter(([, value]) => value !== undefined),
  )
  const child = spawn(...withParentDeathSignal('setpriv', command), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: SEARCH_PATH, LC_ALL: 'C', ...proxies },
    signal,
    killSignal: 'SIGKILL',
  })
  let messages = ''
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (messages = (messages + text).slice(-MESSAGES)))
  const hasher = sha256Hasher()
  let received = 0
  const store = async (): Promise<void> => {
    const chunks: AsyncIterable<Buffer> = child.stdout
    for await (const chunk of chunks) {
      received += chunk.length
      if (received > size) return void child.kill('SIGKILL')
      hasher.update(chunk)
      disk.write(fd, chunk, null)
    }
  }
  try {
    await Promise.all([store(), once(child, 'close')])
  } finally {
    child.kill('SIGKILL')
  }
  if (received > size) return { problem: `sent more than ${size} bytes`, isTransient: false }
  if (child.exitCode !== 0) {
    const reason = messages.trim() || `curl ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`
    return { problem: reason, isTransient: isTransient(child.exitCode, reason) }
  }
  if (received < size) return { problem: `only ${received} of ${size} bytes arrived`, isTransient: false }
  const digest = hasher.digest()
  return digest === sha256 ? {} : { problem: `sent another file: sha256 ${digest}`, isTransient: false }
}

/** Exit codes of curl(1) for errors of names, connections, timeouts and incomplete transfers. */
const TRANSIENT = [5, 6, 7, 16, 18, 28, 35, 52, 55, 56, 92]

/** Whether another attempt may succeed. 22 is an HTTP error; a server may be overloaded (RFC 9110, section 15). */
const isTransient = (code: number | null, message: string): boolean =>
  code !== null && (TRANSIENT.includes(code) || (code === 22 && /error: (?:408|429|5\d\d)/.test(message)))

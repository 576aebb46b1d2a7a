import { execFile } from 'node:child_process'
import { lstatSync, readFileSync, readlinkSync, existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { Failure } from '../platform/failure.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'

/** What the host can do: confine producers, or only run them. */
export type Confinement = 'sandbox' | 'none'

/** How a directory or file of the host appears to a producer. */
export interface Mount {
  readonly from: string
  readonly to: string
  readonly writable?: boolean
}

/** Where things lie for a producer in the sandbox, whatever the workspace is called. */
export const INSIDE = {
  /** Where the distro's own code is; modules of it believe that they are there. */
  lbuild: '/lbuild',
  code: '/lbuild/code',
  node: '/lbuild/node',
  inputs: '/inputs',
  outputs: '/outputs',
  work: '/work',
  scratch: '/scratch',
}

export interface SandboxOptions {
  readonly mounts: readonly Mount[]
  /** Directories of the workspace's own tools. */
  readonly toolPath: readonly string[]
  readonly network: boolean
  readonly hostname: string
  /** Where a tmpfs is to be; none where memory is short. */
  readonly tmpfs?: string
}

/** What a producer's host is called, whatever this one is. */
export const HOSTNAME = 'lbuild'

/** Files of the host's /etc without which programs do not start; what decides bytes is not among them. */
const ETC = ['/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d', '/etc/alternatives']
/** What a producer with the network needs besides. */
const ETC_NETWORK = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/ssl',
  '/etc/ca-certificates',
]
const SYSTEM = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']

const isRoot = (): boolean => process.geteuid?.() === 0

/** The tools that running producers needs on this host. */
export const sandboxTools = (): readonly string[] =>
  isRoot() ? ['bwrap'] : ['bwrap', 'unshare', 'newuidmap']

/**
 * The argument vector that runs a command in the sandbox: it sees /usr, a bare /etc, what is mounted, nothing else,
 * and is user 0. Who is root is so already; anybody else becomes it in a user namespace of 65536 ids, so that both
 * write the same owners. All of its processes end with it, and it ends with lbuild.
 */
export function sandboxed(command: readonly string[], options: SandboxOptions): string[] {
  const namespace = isRoot() ? [] : ['unshare', '--map-root-user', '--map-auto', '--']
  const bind = (path: string): string[] => ['--ro-bind-try', path, path]
  const args = [
    '--die-with-parent',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--hostname',
    options.hostname,
  ]
  if (!options.network) args.push('--unshare-net')
  args.push('--ro-bind', '/usr', '/usr', ...SYSTEM.flatMap(systemDirectory))
  args.push('--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run', '--dir', '/etc')
  args.push(...ETC.flatMap(bind), ...(options.network ? ETC_NETWORK.flatMap(bind) : []))
  args.push(...options.toolPath.flatMap(bind))
  if (options.tmpfs !== undefined) args.push('--tmpfs', options.tmpfs)
  args.push('--dir', '/inputs')
  for (const { from, to, writable } of options.mounts) args.push(writable ? '--bind' : '--ro-bind', from, to)
  args.push('--remount-ro', '/')
  return [...namespace, 'bwrap', ...args, '--', ...command]
}

function systemDirectory(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return []
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
}

/**
 * Finds out whether the sandbox works here, by using it once. Where it does not, root may go on without, which the
 * caller must say; anybody else cannot own files of other users and gets a Failure.
 */
export async function probeConfinement(): Promise<{ confinement: Confinement; reason?: string }> {
  const [program, ...args] = sandboxed(['true'], {
    mounts: [],
    toolPath: [],
    network: false,
    hostname: HOSTNAME,
    tmpfs: '/scratch',
  })
  try {
    await promisify(execFile)(program!, args, { env: { PATH: SEARCH_PATH } })
    return { confinement: 'sandbox' }
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    const reason = (stderr ?? '').trim() || message
    if (isRoot()) return { confinement: 'none', reason }
    throw new Failure('producers cannot run here: there are no user namespaces for you', {
      facts: [['tried', [program, ...args.slice(0, 3)].join(' ')]],
      tail: reason,
      hint: namespaceHint(),
    })
  }
}

function namespaceHint(): string {
  const subuid = existsSync('/etc/subuid') ? readFileSync('/etc/subuid', 'utf8') : ''
  const user = process.env.USER ?? String(process.geteuid?.())
  if (!subuid.split('\n').some((line) => line.startsWith(`${user}:`)))
    return `give yourself ids: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`
  return 'allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or run as root'
}

/** Below this much free memory large transient trees go to the disk, in KiB. */
const ROOMY_KIB = 4 * 1024 * 1024

/** Whether there is memory enough to keep transient trees in it (MemAvailable of proc(5)). */
export function memoryIsRoomy(): boolean {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return Number(available ?? 0) >= ROOMY_KIB
}

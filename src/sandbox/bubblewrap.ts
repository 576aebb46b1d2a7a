// Runs commands in a bubblewrap sandbox, and probes whether that works on this host.
import { execFile, spawnSync } from 'node:child_process'
import { lstatSync, readFileSync, readlinkSync, existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { Failure } from '../platform/failure.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'

/** Whether producers run in the sandbox or unconfined. */
export type Confinement = 'sandbox' | 'none'

/** A directory or file of the host that a producer sees under another path, or a link. */
export type Mount =
  | { readonly from: string; readonly to: string; readonly writable?: boolean }
  | { readonly target: string; readonly to: string }

/** The paths that a producer sees in the sandbox, independent of the workspace's path. */
export const INSIDE = {
  /** The compiled config of the distro lies here; the paths of its modules begin with it. */
  lbuild: '/lbuild',
  /** The compiled program of lbuild, which runs producers. */
  code: '/lbuild/code',
  node: '/lbuild/node',
  /** The part of the workspace that belongs to declared tools. */
  workspace: '/workspace',
  inputs: '/inputs',
  outputs: '/outputs',
  work: '/work',
  scratch: '/scratch',
}

export interface SandboxOptions {
  readonly mounts: readonly Mount[]
  readonly network: boolean
  readonly hostname: string
  /** The path of a tmpfs; none if memory is short. */
  readonly tmpfs?: string
}

/** The host name inside the sandbox. */
export const HOSTNAME = 'lbuild'

/** Files of the host's /etc that programs need to start; none of them influences outputs. */
const ETC = ['/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d', '/etc/alternatives']
/** Files that a producer with network access needs in addition. */
const ETC_NETWORK = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/ssl',
  '/etc/ca-certificates',
]
const SYSTEM = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']

const isRoot = (): boolean => process.geteuid?.() === 0

/** The tools that lbuild needs to run producers on this host. */
export const sandboxTools = (): readonly string[] =>
  isRoot() ? ['bwrap'] : ['bwrap', 'unshare', 'newuidmap']

/**
 * Returns the argument vector that runs a command in the sandbox. The command sees /usr, a bare /etc and the mounts. It
 * runs as uid 0: for root directly, for other users in a user namespace with 65536 ids, so that both can create files of
 * every owner. The sandbox kills all its processes when the command ends or lbuild dies.
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
  args.push('--ro-bind', '/usr', '/usr', ...SYSTEM.flatMap(inPlace))
  args.push('--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run', '--dir', '/etc')
  args.push(...ETC.flatMap(bind), ...(options.network ? ETC_NETWORK.flatMap(bind) : []))
  if (options.tmpfs !== undefined) args.push('--tmpfs', options.tmpfs)
  args.push('--dir', '/inputs')
  args.push(...options.mounts.flatMap(mountArguments))
  args.push('--remount-ro', '/')
  return [...namespace, 'bwrap', ...args, '--', ...command]
}

function mountArguments(mount: Mount): string[] {
  if ('target' in mount) return ['--symlink', mount.target, mount.to]
  return [mount.writable ? '--bind' : '--ro-bind', mount.from, mount.to]
}

/** Shows a path as it is on the host; nothing if it does not exist. */
function inPlace(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return []
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
}

/** The command that runs true(1) in the sandbox. */
const probeCommand = (): string[] =>
  sandboxed(['true'], {
    mounts: [],
    network: false,
    hostname: HOSTNAME,
    tmpfs: '/scratch',
  })

/** Whether the sandbox works on this host. Runs it once, at the first call of the function that this returns. */
export function sandboxProbe(): () => boolean {
  let works: boolean | undefined
  return () => {
    const [program = '', ...args] = probeCommand()
    works ??= spawnSync(program, args, { env: { PATH: SEARCH_PATH }, stdio: 'ignore' }).status === 0
    return works
  }
}

/**
 * Probes whether the sandbox works on this host by running it once. If not, root may run producers unconfined, and the
 * caller must warn. Throws a Failure for other users, because they cannot own files of other users without it.
 */
export async function probeConfinement(): Promise<{ confinement: Confinement; reason?: string }> {
  const [program = '', ...args] = probeCommand()
  try {
    await promisify(execFile)(program, args, { env: { PATH: SEARCH_PATH } })
    return { confinement: 'sandbox' }
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    const reason = stderr || (error instanceof Error ? error.message : String(error))
    if (isRoot()) return { confinement: 'none', reason }
    throw new Failure('producers cannot run here: you cannot create user namespaces', {
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
    return `add subordinate ids: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`
  return 'allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns), or run as root'
}

/** With less available memory than this, in KiB, scratch directories are on disk. */
const ROOMY_KIB = 4 * 1024 * 1024

/** Whether there is enough memory for scratch directories (MemAvailable of proc(5)). */
export function memoryIsRoomy(): boolean {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return Number(available ?? 0) >= ROOMY_KIB
}

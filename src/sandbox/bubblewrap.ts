// The argument vector of the sandbox in which producers run.
import type { ChildProcess } from 'node:child_process'
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Namespaces } from './namespaces.ts'
import { systemCallFilter } from './systemCalls.ts'
import type { ProcessState } from './processTable.ts'
import { childrenOf, processState } from './processTable.ts'

/** A directory or file of the host that a producer sees under another path, or a link. */
export type Mount =
  | { readonly from: string; readonly to: string; readonly writable?: boolean }
  | { readonly target: string; readonly to: string }

/** The paths that a producer sees in the sandbox, independent of the workspace's path. */
export const INSIDE = {
  /** The compiled config of the distro lies here; the paths of its modules begin with it. */
  distro: '/lbuild',
  /** The compiled program of lbuild, which runs producers. */
  program: '/lbuild/code',
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

/** The tools that lbuild needs to run producers on this host. */
export const sandboxTools = (): readonly string[] =>
  process.geteuid?.() === 0 ? ['bwrap', 'unshare', 'nsenter'] : ['bwrap', 'unshare', 'nsenter', 'newuidmap']

/** The mounts that show the system's programs: /usr, and /bin and its like as the host has them. */
export const systemMounts = (): readonly string[] => [
  '--ro-bind',
  '/usr',
  '/usr',
  ...SYSTEM.flatMap(systemDirectory),
]

function systemDirectory(path: string): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return []
  return stat.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
}

/** The capabilities of producers over the files and processes of their namespace; they have none over the host. */
const CAPABILITIES = [
  ['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'setfcap'],
  ['kill', 'setgid', 'setuid', 'setpcap', 'sys_chroot', 'net_bind_service'],
].flat()

/** The descriptors of the files that {@link sandboxed} needs: the namespaces, and pipes to bwrap(1). */
const FDS = { user: 3, mount: 4, filter: 5, options: 6, start: 7, owner: 8 }

/** The files that the process of a {@link sandboxed} command must inherit, from descriptor 3 on. */
export const inheritedFiles = ({ user, mount, owner }: Namespaces): readonly (number | 'pipe')[] =>
  owner === undefined ? [user, mount, 'pipe', 'pipe', 'pipe'] : [user, mount, 'pipe', 'pipe', 'pipe', owner]

/** Sends a {@link sandboxed} command the options of its sandbox and its filter of system calls. It waits for both. */
export function configure(child: ChildProcess, options: SandboxOptions): void {
  send(child, FDS.options, optionsOf(options).join('\0'))
  send(child, FDS.filter, systemCallFilter())
}

function send({ stdio }: ChildProcess, fd: number, data: string | Buffer): void {
  const pipe = stdio[fd]
  // If the command ends early, its exit is reported.
  if (pipe && 'end' in pipe) pipe.on('error', () => {}).end(data)
}

/**
 * Resolves with the first process of a sandbox, with which the kernel ends all others, and lets the {@link sandboxed} command
 * start. Resolves with undefined if bwrap(1) ends before it made the sandbox.
 *
 * bwrap could write the number to a pipe. But if lbuild were killed meanwhile, that would end bwrap with SIGPIPE, and the
 * first process would wait for it without end.
 */
export async function firstProcess(child: ChildProcess): Promise<ProcessState | undefined> {
  while (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const [pid] = childrenOf(child.pid)
    if (pid !== undefined) {
      const state = processState(pid)
      send(child, FDS.start, '\n')
      return state
    }
    await pause(1)
  }
  return undefined
}

const open = (fd: number): string => `/proc/self/fd/${fd}`

/**
 * Returns the argument vector that runs a command in the sandbox. The command sees /usr, a bare /etc and the mounts. It
 * runs as user 0 of the namespace that all producers share, so that it can create files of every owner. All its processes
 * end if lbuild dies.
 *
 * bwrap(1) makes the mounts. The command then leaves the mount namespace, but keeps its root directory, for two reasons:
 * it can change no mount, and /proc does not show where the mounts come from. bwrap remains as process 1, which keeps the
 * mounts alive, and whose part of /proc is covered.
 */
export function sandboxed(command: readonly string[], { owner }: Pick<Namespaces, 'owner'>): string[] {
  const enter =
    owner === undefined ? [] : ['nsenter', '--preserve-credentials', `--user=${open(FDS.owner)}`, '--']
  return [...enter, 'bwrap', '--args', String(FDS.options), '--', ...INTO_NAMESPACES, ...command]
}

/** The options of bwrap(1). */
function optionsOf(options: SandboxOptions): readonly string[] {
  const bind = (path: string): string[] => ['--ro-bind-try', path, path]
  const tmpfs = (path: string): string[] => ['--perms', '1777', '--tmpfs', path]
  const args = [
    '--die-with-parent',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--hostname',
    options.hostname,
    '--seccomp',
    String(FDS.filter),
    '--block-fd',
    String(FDS.start),
  ]
  if (!options.network) args.push('--unshare-net')
  args.push(...systemMounts(), '--proc', '/proc', ...tmpfs('/proc/1'), '--dev', '/dev')
  args.push(...tmpfsOf(options).flatMap(tmpfs), '--dir', '/etc')
  args.push(...ETC.flatMap(bind), ...(options.network ? ETC_NETWORK.flatMap(bind) : []))
  args.push(...directoriesOf(options.mounts).flatMap((path) => ['--dir', path]))
  args.push(...options.mounts.flatMap(mountArguments))
  args.push('--remount-ro', '/')
  return args
}

function mountArguments(mount: Mount): string[] {
  if ('target' in mount) return ['--symlink', mount.target, mount.to]
  return [mount.writable ? '--bind' : '--ro-bind', mount.from, mount.to]
}

/** The directories of the sandbox that are in memory. */
export const tmpfsOf = ({ tmpfs }: SandboxOptions): readonly string[] => [
  '/dev/shm',
  '/tmp',
  '/run',
  ...(tmpfs === undefined ? [] : [tmpfs]),
]

/** The directories in which mounts appear. bwrap(1) makes missing ones as well, but only its own user may read those. */
function directoriesOf(mounts: readonly Mount[]): readonly string[] {
  const directories = new Set([INSIDE.inputs])
  for (const { to } of mounts)
    for (let at = to.indexOf('/', 1); at > 0; at = to.indexOf('/', at + 1)) directories.add(to.slice(0, at))
  return [...directories]
}

/** The words before a producer's command that let it enter the namespaces and drop what it does not need. */
const INTO_NAMESPACES: readonly string[] = [
  ['nsenter', `--mount=${open(FDS.mount)}`, `--user=${open(FDS.user)}`, '--root=/', '--wd=/', '--'],
  ['setpriv', `--bounding-set=-all,+${CAPABILITIES.join(',+')}`, '--'],
].flat()

/** With less available memory than this, in KiB, scratch directories are on disk. */
const ROOMY_KIB = 4 * 1024 * 1024

/** Whether there is enough memory for scratch directories (MemAvailable of proc(5)). */
export function memoryIsRoomy(): boolean {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return Number(available ?? 0) >= ROOMY_KIB
}

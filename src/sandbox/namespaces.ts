// The namespaces that all producers of a session share.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import { SEARCH_PATH } from '../platform/findTool.ts'
import { systemMounts } from './bubblewrap.ts'
import { childrenOf } from './processTable.ts'

/** Namespaces, as open files. */
export interface Namespaces {
  /** The user namespace in which producers run. Its user 0 is not root of the host. */
  readonly user: number
  /** A mount namespace that contains nothing which a producer can reach. */
  readonly mount: number
  /** For ordinary users, the user namespace that owns the mounts of their sandboxes. Root needs none. */
  readonly owner?: number
}

/** A range of ids: the first id in the namespace, the first id outside, and their number (user_namespaces(7)). */
type Range = readonly [inside: number, outside: number, count: number]

/** How many ids a producer of root has. */
const COUNT = 65_536

/**
 * The first id of the host that a producer of root uses. No user or container has it: useradd(8) gives out ids below 600100000
 * (login.defs(5)), and systemd uses those below 0x70000000 for containers (systemd.io/UIDS-GIDS).
 */
const FIRST = 0x7000_0000

const isRoot = (): boolean => process.geteuid?.() === 0

/** Parses `/proc/PID/uid_map` or `gid_map`. */
function parseRanges(text: string): readonly Range[] {
  return text
    .trim()
    .split('\n')
    .map((line): Range => {
      const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number)
      return [inside, outside, count]
    })
}

/**
 * The ids of a root's producers, given the ids that this root has. In a container, root often has only the ids up to 65535
 * or 65536. Then the last of them stands for user 0, which must not be root itself, and the others stay what they are.
 * Undefined if this root has fewer.
 */
export function rangesOfRoot(own: string): readonly Range[] | undefined {
  const available = parseRanges(own)
  if (available.some(([first, , count]) => first <= FIRST && FIRST + COUNT <= first + count))
    return [[0, FIRST, COUNT]]
  const last = Math.max(...available.map(([first, , count]) => first + count - 1))
  if (last < COUNT - 1) return undefined
  return [
    [0, last, 1],
    [1, 1, Math.min(last, COUNT) - 1],
  ]
}

const textOf = (ranges: readonly Range[]): string => ranges.map((range) => `${range.join(' ')}\n`).join('')

/** The maps of user and group ids below `/proc/PID`. */
const MAPS = ['uid_map', 'gid_map'] as const

const rootMaps = new Map<string, readonly Range[] | undefined>()

/** The ids of root's producers in a map; undefined if root has too few. The map of a process never changes. */
function rootMap(map: (typeof MAPS)[number]): readonly Range[] | undefined {
  if (!rootMaps.has(map)) rootMaps.set(map, rangesOfRoot(readFileSync(`/proc/self/${map}`, 'utf8')))
  return rootMaps.get(map)
}

/** Whether the user who runs lbuild has enough ids for producers in the sandbox. For ordinary users, only an attempt shows it. */
export const hasIds = (): boolean => !isRoot() || MAPS.every((map) => rootMap(map) !== undefined)

/** The ids of the host that are user 0 and group 0 of producers in the sandbox. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Whom the files of a producer in the sandbox must belong to; undefined if that is the user who runs lbuild. */
export function producerOwner(): Owner | undefined {
  if (!isRoot() || !hasIds()) return undefined
  const first = (map: (typeof MAPS)[number]): number => rootMap(map)?.[0]?.[1] ?? 0
  return { uid: first('uid_map'), gid: first('gid_map') }
}

/** For ordinary users: the words before a command that becomes user 0 of a namespace with all ids of the user. */
export const asOwner = (): readonly string[] =>
  isRoot() ? [] : ['unshare', '--map-root-user', '--map-auto', '--']

/**
 * A command that prints what it reads, in a mount namespace with nothing but /usr and in a user namespace without ids. It ends
 * when its input does, even if lbuild was killed. `--die-with-parent` and `--info-fd` must not be used here: if lbuild is killed,
 * they can end the first process of bwrap(1) before it lets the second one start, which then waits without end.
 */
const holder = (...options: readonly string[]): readonly string[] => [
  ...asOwner(),
  'bwrap',
  ...options,
  ...systemMounts(),
  '--',
  'unshare',
  '--user',
  '--',
  'cat',
]

/** The command that fails if {@link openNamespaces} would. */
export const probeCommand = (): readonly string[] => holder('--unshare-pid', '--proc', '/proc')

/**
 * Creates the namespaces. Throws an Error with the reason if that is impossible on this host. They exist until they are
 * closed and the processes in them have ended.
 */
export async function openNamespaces(): Promise<Namespaces> {
  if (!hasIds()) throw new Error(`root has fewer than ${COUNT} user or group ids here`)
  const [program = '', ...args] = holder()
  const child = spawn(program, args, { env: { PATH: SEARCH_PATH }, stdio: 'pipe' })
  const stderr = readAll(child.stderr)
  const failed = once(child, 'exit').then(async () => {
    throw new Error((await stderr).trim() || 'the namespaces cannot be created')
  })
  const opened: number[] = []
  const open = (path: string): number => {
    const fd = openSync(path, 'r')
    opened.push(fd)
    return fd
  }
  try {
    const pid = await Promise.race([startedIn(child), failed])
    const user = open(`/proc/${pid}/ns/user`)
    const mount = open(`/proc/${pid}/ns/mnt`)
    if (isRoot()) {
      for (const map of MAPS) writeFileSync(`/proc/${pid}/${map}`, textOf(rootMap(map) ?? []))
      return { user, mount }
    }
    const setup = open(`/proc/${child.pid}/ns/user`)
    for (const map of MAPS) {
      const own = parseRanges(readFileSync(`/proc/${child.pid}/${map}`, 'utf8'))
      writeAs(setup, `/proc/${pid}/${map}`, textOf(own.map(([inside, , count]) => [inside, inside, count])))
    }
    return { user, mount, owner: setup }
  } catch (error) {
    for (const fd of opened) closeSync(fd)
    throw error
  } finally {
    child.stdin.destroy()
    failed.catch(() => {})
  }
}

/** The process id of the holder's `cat`, once it runs: the child of bwrap(1). */
async function startedIn(child: ChildProcessWithoutNullStreams): Promise<number> {
  child.stdin.on('error', () => {}).write('\n')
  await once(child.stdout, 'data')
  const [pid] = childrenOf(child.pid ?? 0)
  if (pid === undefined) throw new Error('bubblewrap has no child process')
  return pid
}

/** Writes a file as user 0 of a namespace: only a process in the parent namespace may map ids. */
function writeAs(namespace: number, path: string, input: string): void {
  const { status, stderr } = spawnSync('nsenter', ['--user=/proc/self/fd/3', '--', 'tee', path], {
    env: { PATH: SEARCH_PATH },
    input,
    stdio: ['pipe', 'ignore', 'pipe', namespace],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
}

/** Closes the files. */
export function closeNamespaces({ user, mount, owner: setup }: Namespaces): void {
  for (const fd of [user, mount, setup]) if (fd !== undefined) closeSync(fd)
}

// Measures what the processes of a run use.
import { execFile } from 'node:child_process'
import { statfsSync, statSync } from 'node:fs'
import { promisify } from 'node:util'
import { asOwner } from './namespaces.ts'
import type { ProcessState } from './processTable.ts'
import { readProc } from './processTable.ts'

/** The values of some fields of /proc/PID/status, in bytes; 0 for a process that has ended. */
function memoryFields(pid: number, ...names: readonly string[]): readonly number[] {
  const text = readProc(`${pid}/status`) ?? ''
  return names.map((name) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0))
}

/**
 * The memory of some processes, in bytes: their own pages, in memory or swapped out, and the largest amount that one of them
 * shares with others. Several processes may share the same pages, so the sum of these would be too large.
 */
export function memoryOf(processes: readonly ProcessState[]): number {
  let [own, shared] = [0, 0]
  for (const { pid } of processes) {
    const [anonymous = 0, swapped = 0, mapped = 0] = memoryFields(pid, 'RssAnon', 'VmSwap', 'RssShmem')
    own += anonymous + swapped
    shared = Math.max(shared, mapped)
  }
  return own + shared
}

/** The type of a file system in memory (statfs(2), `f_type`: TMPFS_MAGIC). */
const TMPFS = 0x01021994

/**
 * The size of the files in directories that a process sees in memory (tmpfs(5)), in bytes; 0 for a process that has not
 * entered the sandbox yet, and sees the directories of the host.
 */
export function filesInMemory(pid: number, directories: readonly string[]): number {
  if (seesHost(pid)) return 0
  let used = 0
  for (const directory of directories)
    try {
      const { type, bsize, blocks, bfree } = statfsSync(`/proc/${pid}/root${directory}`)
      if (type === TMPFS) used += bsize * (blocks - bfree)
    } catch {
      // The process has ended.
    }
  return used
}

/** Whether a process has the root directory of lbuild, or has ended. */
function seesHost(pid: number): boolean {
  try {
    const [found, host] = [statSync(`/proc/${pid}/root/`), statSync('/')]
    return found.dev === host.dev && found.ino === host.ino
  } catch {
    return true
  }
}

/** The used part of the file system of a path, in bytes. */
export function usedOnFileSystem(path: string): number {
  const { bsize, blocks, bfree } = statfsSync(path)
  return bsize * (blocks - bfree)
}

/** The disk usage of some directories, in bytes. Files that disappear meanwhile do not matter. */
export async function diskUsage(paths: readonly string[]): Promise<number> {
  const [program = '', ...args] = [...asOwner(), 'du', '-scx', '--block-size=1', '--', ...paths]
  const { stdout } = await promisify(execFile)(program, args).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? '',
  }))
  return Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1] ?? 0)
}

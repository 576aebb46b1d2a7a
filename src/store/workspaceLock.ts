// Takes the lock of a workspace, or of a store that several workspaces share.
import { spawn } from 'node:child_process'
import { toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode, parent } from '../platform/disk.ts'
import { quarantine } from '../platform/quarantine.ts'
import { Failure } from '../platform/failure.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'

/** A held lock. The end of the process releases it, too. */
export interface HeldLock {
  release(): void
}

/** Whether one process holds a lock, or several do together (flock(2)). */
export type LockMode = 'exclusive' | 'shared'

/** The exit code of flock(1), and of lbuild, if another process holds the lock. */
export const LOCK_HELD = 75

/**
 * Takes the lock of a workspace, or of a store that several workspaces share. The lock belongs to the open file (flock(2)):
 * the kernel releases it when this process ends, so no stale lock can remain. lbuild never removes the file. If another
 * process holds the lock in a mode that excludes `mode`, the function calls `waiting` once and waits until `signal` is
 * aborted; if `wait` is false, it throws a Failure (exit code 75).
 */
export async function lockWorkspace(
  disk: Disk,
  path: string,
  wait: boolean,
  waiting: () => void,
  signal?: AbortSignal,
  mode: LockMode = 'exclusive',
): Promise<HeldLock> {
  disk.mkdir(parent(toRawPath(path)))
  const fd = openLock(disk, path)
  const release = (): void => disk.close(fd)
  try {
    if (await flock(fd, mode, ['--nonblock'])) return { release }
    if (!wait)
      throw new Failure('another lbuild process holds the workspace lock', {
        facts: [['lock', path]],
        hint: 'wait until it finishes, or omit --no-wait',
        exitCode: LOCK_HELD,
      })
    waiting()
    await flock(fd, mode, [], signal)
    return { release }
  } catch (error) {
    release()
    throw error
  }
}

/**
 * Opens the lock's file; anything else in its place is quarantined. A file of another user is opened for reading: flock(2)
 * locks a file that is open in any mode.
 */
function openLock(disk: Disk, path: string): number {
  const raw = toRawPath(path)
  // A link would lead to the file of somebody else, and a fifo would block the open.
  const type = disk.lstat(raw)?.type
  if (type !== undefined && type !== 'file') quarantine(disk, raw)
  try {
    return disk.open(raw, 'a', 0o644)
  } catch (error) {
    if (errorCode(error) !== 'EACCES') throw error
    return disk.open(raw, 'r')
  }
}

/**
 * Runs flock(1) with our descriptor. The kernel attaches the lock to the open file, so we keep the lock after flock(1)
 * exits.
 */
function flock(
  fd: number,
  mode: LockMode,
  options: readonly string[],
  signal?: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const args = [`--${mode}`, '--conflict-exit-code', String(LOCK_HELD), ...options, '3']
    const child = spawn(...withParentDeathSignal('setpriv', ['flock', ...args]), {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', fd],
      ...(signal === undefined ? {} : { signal }),
    })
    child.once('error', (error) => reject(signal?.aborted ? error : unlockable(error.message)))
    child.once('exit', (code) => {
      if (code === 0 || code === LOCK_HELD) resolve(code === 0)
      else reject(unlockable(`exit code ${code}`))
    })
  })
}

const unlockable = (why: string): Failure =>
  new Failure('cannot lock the workspace', {
    facts: [['flock', why]],
    hint: 'install flock and setpriv (util-linux)',
  })

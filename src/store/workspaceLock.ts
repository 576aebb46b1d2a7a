import { spawn } from 'node:child_process'
import { toBytes } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode, parent } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'

/** A held lock; closing it, or the end of the process in any way, lets it go. */
export interface HeldLock {
  release(): void
}

/** The exit code of flock(1), and of lbuild, when the lock is held by another. */
export const LOCK_HELD = 75

/**
 * Takes the lock of a workspace. The kernel holds it on our own open file (flock(2)), so that it dies with this
 * process and is never stale; the file itself is never removed. `waiting` is called once if another build holds it.
 * Throws a Failure (exit code 75) when it is held and `wait` is false; `signal` ends the waiting.
 */
export async function lockWorkspace(
  disk: Disk,
  path: string,
  wait: boolean,
  waiting: () => void,
  signal?: AbortSignal,
): Promise<HeldLock> {
  disk.mkdir(parent(toBytes(path)))
  const fd = openLock(disk, path)
  const release = (): void => disk.close(fd)
  try {
    if (await flock(fd, ['--nonblock'])) return { release }
    if (!wait)
      throw new Failure('another build holds the lock of this workspace', {
        facts: [['lock', path]],
        hint: 'wait for it, or leave out --no-wait',
        exitCode: LOCK_HELD,
      })
    waiting()
    await flock(fd, [], signal)
    return { release }
  } catch (error) {
    release()
    throw error
  }
}

/** Another user's file cannot be written, and need not be: flock(2) locks what is open in any mode. */
function openLock(disk: Disk, path: string): number {
  try {
    return disk.open(toBytes(path), 'a', 0o644)
  } catch (error) {
    if (errorCode(error) !== 'EACCES') throw error
    return disk.open(toBytes(path), 'r')
  }
}

/** Locks an inherited descriptor: the lock belongs to the open file, which stays ours when flock(1) ends. */
function flock(fd: number, options: readonly string[], signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const args = ['--exclusive', '--conflict-exit-code', String(LOCK_HELD), ...options, '3']
    const child = spawn(...withParentDeathSignal('setpriv', ['flock', ...args]), {
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
    hint: 'flock and setpriv are needed, of util-linux',
  })

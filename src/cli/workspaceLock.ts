// Runs an action of the command line under the workspace lock and that of its store.
import type { Disk } from '../platform/disk.ts'
import type { Locations } from '../config/locations.ts'
import { StoreAccess } from '../store/storeAccess.ts'
import type { LockMode } from '../store/workspaceLock.ts'
import { lockWorkspace } from '../store/workspaceLock.ts'
import { WAITING } from './render/progress.ts'

/**
 * Runs an action under the workspace lock. `mode` says whether other workspaces may use a shared store meanwhile. While
 * another build holds a lock, the function says on standard error that it waits; if `wait` is false, it throws a Failure
 * (exit code 75) instead.
 */
export async function withWorkspaceLock<Result>(
  { disk, locations }: { readonly disk: Disk; readonly locations: Pick<Locations, 'cache' | 'sharedStore'> },
  { wait, mode = 'exclusive' }: { readonly wait: boolean; readonly mode?: LockMode },
  signal: AbortSignal | undefined,
  action: () => Result | Promise<Result>,
): Promise<Result> {
  const sayWaiting = (): void => void process.stderr.write(`${WAITING}\n`)
  const lock = await lockWorkspace(disk, `${locations.cache}/lock`, wait, sayWaiting, signal)
  let store: StoreAccess | undefined
  try {
    const access = { mode, wait, waiting: sayWaiting, signal }
    store = await StoreAccess.open(lockWorkspace, disk, locations.sharedStore, access)
    return await action()
  } finally {
    store?.release()
    lock.release()
  }
}

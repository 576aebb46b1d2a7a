// Runs an action of the command line under the workspace lock.
import type { Disk } from '../platform/disk.ts'
import { lockWorkspace } from '../store/workspaceLock.ts'
import { WAITING } from './render/progress.ts'

/**
 * Runs an action under the workspace lock. Says on standard error that it waits for another build; with `wait` false it
 * throws a Failure (exit code 75) instead.
 */
export async function withWorkspaceLock<Result>(
  { disk, locations }: { readonly disk: Disk; readonly locations: { readonly cache: string } },
  { wait }: { readonly wait: boolean },
  signal: AbortSignal | undefined,
  action: () => Result | Promise<Result>,
): Promise<Result> {
  const sayWaiting = (): void => void process.stderr.write(`${WAITING}\n`)
  const lock = await lockWorkspace(disk, `${locations.cache}/lock`, wait, sayWaiting, signal)
  try {
    return await action()
  } finally {
    lock.release()
  }
}

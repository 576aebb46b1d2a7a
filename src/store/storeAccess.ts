// The lock of a store that several workspaces share.
import type { Disk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { HeldLock, LockMode, lockWorkspace } from './workspaceLock.ts'
import { LOCK_HELD } from './workspaceLock.ts'

/** How to take the lock of a store. */
export interface AccessOptions {
  /** Builds of several workspaces share a store; whoever removes something from it holds it alone. */
  readonly mode: LockMode
  readonly wait: boolean
  /** Called once if another process holds the lock. */
  readonly waiting: () => void
  readonly signal?: AbortSignal | undefined
}

/**
 * The access of a session to the store of its workspace. For a store of one workspace there is nothing to lock, because the
 * session holds the workspace lock. A session takes the lock of a shared store after that of its workspace.
 */
export class StoreAccess {
  readonly #lock: typeof lockWorkspace
  readonly #disk: Disk
  readonly #path: string | undefined
  #held: HeldLock | undefined

  private constructor(lock: typeof lockWorkspace, disk: Disk, path: string | undefined) {
    this.#lock = lock
    this.#disk = disk
    this.#path = path
  }

  /** Takes the lock of a shared store, if there is one. Throws a Failure (exit code 75) if it is held and `wait` is false. */
  static async open(
    lock: typeof lockWorkspace,
    disk: Disk,
    sharedStore: string | undefined,
    { mode, wait, waiting, signal }: AccessOptions,
  ): Promise<StoreAccess> {
    const access = new StoreAccess(lock, disk, sharedStore === undefined ? undefined : `${sharedStore}/lock`)
    if (access.#path !== undefined) access.#held = await lock(disk, access.#path, wait, waiting, signal, mode)
    return access
  }

  /**
   * Runs the last action of a session on the store, which removes something from it. Resolves to false without running it if
   * another workspace uses the store now.
   */
  async finishAlone(action: () => void): Promise<boolean> {
    this.release()
    try {
      if (this.#path !== undefined) this.#held = await this.#lock(this.#disk, this.#path, false, () => {})
    } catch (error) {
      if (error instanceof Failure && error.exitCode === LOCK_HELD) return false
      throw error
    }
    action()
    this.release()
    return true
  }

  release(): void {
    this.#held?.release()
    this.#held = undefined
  }
}

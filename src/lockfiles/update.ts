import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { LockedOptions } from '../executor/session.ts'
import { underLock } from '../executor/session.ts'
import { checkLockfileTools } from '../executor/preflight.ts'
import { resolveLockfiles } from './resolve.ts'

export interface UpdateOptions extends LockedOptions {
  readonly lockfiles: readonly string[]
  /** The artifacts that use them. */
  readonly targets: readonly string[]
}

/** Resolves lockfiles anew, without regard to the versions that they hold. */
export function updateLockfiles(workspace: Workspace, options: UpdateOptions): Promise<void> {
  return underLock(workspace, options, async (context) => {
    const snapshot = await takeSnapshot(workspace, options.targets, new Set())
    checkLockfileTools(snapshot, options.lockfiles)
    await resolveLockfiles({ ...context, snapshot }, options.lockfiles)
    workspace.index.save()
  })
}

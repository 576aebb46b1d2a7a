import { surveyWorkspace } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { LockedOptions } from '../executor/session.ts'
import { underLock } from '../executor/session.ts'
import { checkLockTools } from '../executor/preflight.ts'
import { resolveLocks } from './resolve.ts'

export interface UpdateOptions extends LockedOptions {
  readonly locks: readonly string[]
  /** The artifacts that use them. */
  readonly targets: readonly string[]
}

/** Resolves locks anew, without regard to the versions that they hold. */
export function updateLocks(workspace: Workspace, options: UpdateOptions): Promise<void> {
  return underLock(workspace, options, async (context) => {
    const survey = await surveyWorkspace(workspace, options.targets, new Set())
    checkLockTools(survey, options.locks)
    await resolveLocks({ ...context, survey }, options.locks)
    workspace.index.save()
  })
}

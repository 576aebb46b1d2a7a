// `lbuild update`: resolves lockfiles to the newest versions that their inputs allow.
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { SessionOptions } from './options.ts'
import { inSession } from './buildSession.ts'
import { checkLockfileTools } from './preflight.ts'
import { resolveInSession } from './resolver.ts'

/** What to resolve, beside the options of the session. */
export interface UpdateOptions extends SessionOptions {
  readonly lockfiles: readonly string[]
  /** The artifacts that use them. */
  readonly targets: readonly string[]
}

/** Resolves lockfiles without regard to the versions that they pin now. */
export function updateLockfiles(workspace: Workspace, options: UpdateOptions): Promise<void> {
  return inSession(workspace, options, async (context) => {
    const snapshot = await takeSnapshot(workspace, options.targets, new Set())
    checkLockfileTools(snapshot, options.lockfiles)
    await resolveInSession({ ...context, snapshot }, options.lockfiles)
    workspace.index.save()
  })
}

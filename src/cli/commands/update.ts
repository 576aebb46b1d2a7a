import { Failure } from '../../platform/failure.ts'
import { lockfilesOf } from '../../graph/graph.ts'
import { suggestion } from '../../graph/names.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { openSession } from '../session.ts'
import { updateLockfiles } from '../../executor/update.ts'
import { progressOn } from '../render/progress.ts'

export interface UpdateCommandOptions extends WorkspaceOptions {
  readonly quiet?: boolean
  readonly wait: boolean
}

/** `lbuild update [LOCK…]`: resolves lockfiles anew; the next build uses them. */
export async function updateCommand(
  invocation: Invocation,
  words: readonly string[],
  options: UpdateCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const { workspace, targets } = await openSession(invocation, words, options)
  const names = workspace.graph.lockfiles.map(({ name }) => name)
  const unknown = targets.find((target) => !names.includes(target))
  if (unknown !== undefined)
    throw new Failure(`unknown lock '${unknown}'`, { hint: suggestion(unknown, names), exitCode: 2 })
  const lockfiles = targets.length > 0 ? targets : names
  const users = workspace.graph.artifacts.filter((node) =>
    lockfilesOf(node).some((name) => lockfiles.includes(name)),
  )
  const progress = progressOn(process.stderr, options.quiet ? 'quiet' : 'normal')
  try {
    await updateLockfiles(workspace, {
      lockfiles,
      targets: users.map(({ name }) => name),
      wait: options.wait,
      listener: progress.listener,
      signal,
      code: invocation.code,
    })
  } finally {
    progress.close()
  }
  return 0
}

// `lbuild update [LOCKFILE…]`: re-resolves lockfiles; the next build uses them.
import { lockfilesOf } from '../../graph/graph.ts'
import { suggestion } from '../../graph/names.ts'
import { updateLockfiles } from '../../executor/updateLockfiles.ts'
import { Failure } from '../../platform/failure.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { paramsCommand } from '../command.ts'
import { printDocument } from '../render/print.ts'
import { withProgress } from '../render/progress.ts'
import { openSelection } from '../selection.ts'

const declare = () =>
  paramsCommand('update')
    .description('Re-resolve lockfiles, which pin downloads, to the newest versions')
    .argument('[lockfiles...]', 'the names of the lockfiles to re-resolve (default: all)')
    .option('--no-wait', 'fail instead of waiting if another lbuild process works in this workspace')
    .option('--json', 'print one JSON document (docs/json.md)')
    .option('-q, --quiet', 'print only failures')

export const command = (context: CommandContext) =>
  declare().action(async (words, options) => {
    await update(context, words, options)
    context.exit(0)
  })

async function update(
  { invocation, signal }: CommandContext,
  words: readonly string[],
  options: OptionsOf<typeof declare>,
): Promise<void> {
  const { workspace, targets } = await openSelection(invocation, words, options)
  const names = workspace.graph.lockfiles.map(({ name }) => name)
  const unknown = targets.find((target) => !names.includes(target))
  if (unknown !== undefined)
    throw new Failure(`unknown lockfile '${unknown}'`, {
      hint:
        names.length > 0
          ? suggestion(unknown, names)
          : 'declare it in build.config.ts, which has no lockfiles',
      exitCode: 2,
    })
  const lockfiles = targets.length > 0 ? targets : names
  const users = workspace.graph.artifacts.filter((node) =>
    lockfilesOf(node).some((name) => lockfiles.includes(name)),
  )
  const resolved = new Map<string, object>()
  await withProgress(options, (listener) =>
    updateLockfiles(workspace, {
      lockfiles,
      targets: users.map(({ name }) => name),
      wait: options.wait,
      listener(event) {
        listener(event)
        if (event.type !== 'resolved') return
        const { lockfile: name, path, files, seconds } = event
        resolved.set(name, { name, path, files, seconds })
      },
      signal,
      code: invocation.code,
    }),
  )
  if (options.json) printDocument({ lockfiles: names.flatMap((name) => resolved.get(name) ?? []) })
}

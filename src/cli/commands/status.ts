// `lbuild status [TARGET…]`: shows what a build would do, without building.
import type { CommandContext } from '../command.ts'
import { workspaceCommand } from '../command.ts'
import { showPlan } from '../render/plan.ts'
import { openSelectionOrAll } from '../selection.ts'

export const command = ({ invocation, exit }: CommandContext) =>
  workspaceCommand('status')
    .description('Show which artifacts are fresh, restorable, stale or undecided')
    .argument('[targets...]', 'the artifacts to show, with everything below them (default: all)')
    .option('--json', 'print one JSON document')
    .option('--check', 'exit with 3 unless everything is up to date')
    .action(async (words, options) => {
      const { workspace, targets } = await openSelectionOrAll(invocation, words, options)
      exit(await showPlan(workspace, targets, options))
    })

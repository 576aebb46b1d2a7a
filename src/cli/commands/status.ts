// `lbuild status [TARGET…]`: shows what a build would do, without building.
import type { CommandContext } from '../command.ts'
import { workspaceCommand } from '../command.ts'
import { showPlan } from '../render/plan.ts'
import { openSelectionOrAll } from '../selection.ts'

const VERDICTS = `
Verdicts:
  fresh       the published outputs match the inputs
  restorable  the store has the outputs; a build publishes them without running the producer
  stale       the producer must run
  undecided   the producer must run only if the output of a dependency changes
`

export const command = ({ invocation, exit }: CommandContext) =>
  workspaceCommand('status')
    .description('Show which artifacts are fresh, restorable, stale or undecided')
    .addHelpText('after', VERDICTS)
    .argument('[targets...]', 'the artifacts to show, with their dependencies (default: all)')
    .option('--json', 'print one JSON document (docs/json.md)')
    .option('--check', 'exit with 3 unless every artifact shown is fresh')
    .action(async (words, options) => {
      const { workspace, targets } = await openSelectionOrAll(invocation, words, options)
      exit(await showPlan(workspace, targets, options))
    })

// `lbuild status [TARGET…]`: shows what a build would do, without building.
import type { CommandContext } from '../command.ts'
import { targetCommand } from '../command.ts'
import { showPlan } from '../render/plan.ts'
import { openSelectionOrAll } from '../selection.ts'

const VERDICTS = `
Verdicts:
  fresh       the outputs were built from the current inputs, params, tools and code, and have not changed since
  restorable  the store has such outputs; a build publishes them without running the producer
  stale       a build runs the producer
  undecided   a dependency is rebuilt first; the producer runs only if an output of that dependency changes
`

export const command = ({ invocation, exit }: CommandContext) =>
  targetCommand('status')
    .description('Show which artifacts are fresh, restorable, stale or undecided')
    .addHelpText('after', VERDICTS)
    .argument('[targets...]', 'the artifacts to show, with their dependencies (default: all)')
    .option('--json', 'print one JSON document (docs/json.md)')
    .option('--check', 'exit with 3 unless every artifact shown is fresh')
    .action(async (words, options) => {
      const { workspace, targets } = await openSelectionOrAll(invocation, words, options)
      exit(await showPlan(workspace, targets, options))
    })

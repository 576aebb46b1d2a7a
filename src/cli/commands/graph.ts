// `lbuild graph [TARGET…]`: shows what depends on what.
import { Option } from '@commander-js/extra-typings'
import { checkTargets } from '../../executor/checkTargets.ts'
import type { CommandContext } from '../command.ts'
import { paramsCommand } from '../command.ts'
import { GRAPH_FORMATS, graphText } from '../render/graphText.ts'
import { print } from '../render/print.ts'
import { openSelectionOrAll } from '../selection.ts'

export const command = ({ invocation, exit }: CommandContext) =>
  paramsCommand('graph')
    .description('Show the dependencies between artifacts')
    .argument('[targets...]', 'the artifacts to show, with their dependencies (default: all)')
    .addOption(
      new Option('--format <format>', 'the format to print; json includes all params, tools and outputs')
        .choices(GRAPH_FORMATS)
        .default('text' as const),
    )
    .addOption(
      new Option('--json', 'print one JSON document (docs/json.md), as --format json does').conflicts(
        'format',
      ),
    )
    .action(async (words, options) => {
      const { workspace, targets } = await openSelectionOrAll(invocation, words, options)
      const { graph, index } = workspace
      checkTargets(graph, targets)
      index.save()
      print(`${graphText(graph, targets, options.json ? 'json' : options.format)}\n`)
      exit(0)
    })

// `lbuild TARGET --help`: lists the params, outputs and dependencies of a target.
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { checkTargets } from '../executor/checkTargets.ts'
import type { Graph } from '../graph/graph.ts'
import { closure, lockfilesOf } from '../graph/graph.ts'
import { COMMANDS } from '../graph/names.ts'
import { ownedParams } from '../graph/params.ts'
import { plainCommand, targetCommand } from './command.ts'
import type { Invocation } from './invocation.ts'
import { addParamOptions } from './paramOptions.ts'
import { print } from './render/print.ts'
import { openQuietly, openSelection } from './selection.ts'

/** Prints the help of the target that is the first word of `argv`. Throws a Failure (exit code 2) if it is no artifact. */
export async function targetHelp(invocation: Invocation, argv: readonly string[]): Promise<void> {
  const [target = ''] = argv
  const parser = targetCommand('build').helpOption(false)
  parser.parseOptions([...argv])
  const { workspace } = await openSelection(invocation, [target], parser.opts())
  const { graph, index } = workspace
  checkTargets(graph, [target], COMMANDS)
  index.save()
  print(helpOf(graph, target))
}

function helpOf(graph: Graph, target: string): string {
  const nodes = closure(graph, [target])
  const lockfiles = new Set(nodes.flatMap(lockfilesOf))
  const help = plainCommand(`lbuild ${target}`).usage('[options]').helpOption(false)
  const node = nodes.find(({ name }) => name === target)
  if (node?.describe !== undefined) help.description(node.describe)
  const params = ownedParams(
    nodes,
    graph.lockfiles.filter(({ name }) => lockfiles.has(name)),
  )
  addParamOptions(help, params, 'Params of the target and its dependencies:')
  return [
    help.helpInformation(),
    'Outputs:',
    ...Object.values(node?.outputs ?? {}).map(
      ({ path, published }) => `  ${path}${published ? '' : ' (only in the store)'}`,
    ),
    '',
    `Dependencies: ${listed(nodes.map(({ name }) => name).filter((name) => name !== target))}`,
    `Lockfiles: ${listed([...lockfiles])}`,
    '',
    "'lbuild build --help' lists the other options of a build.\n",
  ].join('\n')
}

const listed = (names: readonly string[]): string => names.join(', ') || 'none'

/**
 * Adds the params of the distro to the help of `lbuild build`. Adds nothing if the directory has no valid config, whose
 * errors a build shows. `argv` selects the directory.
 */
export async function addDistroParams(
  invocation: Invocation,
  argv: readonly string[],
  build: CommandUnknownOpts,
): Promise<void> {
  const parser = targetCommand('build').helpOption(false)
  try {
    parser.parseOptions(argv.filter((word) => word !== 'help'))
    const { workspace } = await openQuietly(invocation, [], parser.opts())
    const { artifacts, lockfiles } = workspace.graph
    workspace.index.save()
    addParamOptions(build, ownedParams(artifacts, lockfiles), 'Params of this distro:')
  } catch {
    // The help of the command is complete without them.
  }
}

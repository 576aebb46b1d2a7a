// `lbuild TARGET --help`: lists the params, outputs and dependencies of a target.
import { Option } from '@commander-js/extra-typings'
import { formatSize } from '../api/params.ts'
import type { Param } from '../api/params.ts'
import { checkTargets } from '../executor/checkTargets.ts'
import type { ArtifactNode, Graph, LockfileNode } from '../graph/graph.ts'
import { closure, lockfilesOf } from '../graph/graph.ts'
import { COMMANDS } from '../graph/names.ts'
import { plainCommand, targetCommand } from './command.ts'
import type { Invocation } from './invocation.ts'
import { print } from './render/print.ts'
import { flagOf, openSelection } from './selection.ts'

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
  for (const option of paramOptions(
    nodes,
    graph.lockfiles.filter(({ name }) => lockfiles.has(name)),
  ))
    help.addOption(option)
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

/** An option for each param, sorted by name, with the artifacts and lockfiles that declare it. */
function paramOptions(nodes: readonly ArtifactNode[], lockfiles: readonly LockfileNode[]): readonly Option[] {
  const owners = [
    ...nodes.map(({ name, params }) => ({ owner: name, params })),
    ...lockfiles.map(({ name, params }) => ({ owner: `lockfile ${name}`, params })),
  ]
  const declared = owners.flatMap(({ owner, params }) =>
    Object.entries(params).map(([name, param]) => ({ name, owner, param, value: valueText(param) })),
  )
  return [...new Set(declared.map(({ name }) => name))].sort().map((name) => {
    const all = declared.filter((one) => one.name === name)
    const describe = all.find(({ param }) => param.describe !== undefined)?.param.describe
    const ownersOf = (value: string): string =>
      all
        .filter((one) => one.value === value)
        .map(({ owner }) => owner)
        .join(', ')
    const values = [...new Set(all.map(({ value }) => value))].map(
      (value) => `in ${ownersOf(value)}: ${value}`,
    )
    return new Option(
      `${flagOf(name)} <${all.map(({ param }) => typeText(param))[0] ?? ''}>`,
      `${describe === undefined ? '' : `${describe} `}(${values.join('; ')})`,
    ).helpGroup('Params of the target and its dependencies:')
  })
}

const typeText = ({ type, choices }: Param): string =>
  type === 'data' ? 'json' : (choices?.join('|') ?? type)

/** The longest value that the help prints in full. */
const LONGEST = 40

function valueText(param: Param): string {
  const text = fullText(param)
  const shown =
    text.length <= LONGEST
      ? text
      : Array.isArray(param.value)
        ? `a list of ${param.value.length}`
        : `${text.slice(0, LONGEST - 1)}…`
  return param.setBy === undefined ? `default ${shown}` : `${shown}, set by ${param.setBy}`
}

function fullText({ type, value }: Param): string {
  if (type === 'size' && typeof value === 'number') return formatSize(value)
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}

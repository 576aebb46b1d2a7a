// `lbuild params [TARGET…]`: lists the params with their values and what set them.
import { checkTargets } from '../../executor/checkTargets.ts'
import { closure, lockfilesOf } from '../../graph/graph.ts'
import type { OwnedParam } from '../../graph/params.ts'
import { defaultOf, originOf, ownedParams } from '../../graph/params.ts'
import { printable } from '../../platform/printable.ts'
import type { CommandContext } from '../command.ts'
import { paramsCommand } from '../command.ts'
import { ownerText } from '../paramOptions.ts'
import { valueText } from '../render/paramText.ts'
import { print, printDocument } from '../render/print.ts'
import { flagOf, openSelection } from '../selection.ts'

export const command = ({ invocation, exit }: CommandContext) =>
  paramsCommand('params')
    .description('List the params with their owners, values, origins, defaults and descriptions')
    .argument('[targets...]', 'list only the params of these artifacts and their dependencies (default: all)')
    .option('--json', 'print one JSON document (docs/json.md)')
    .action(async (words, options) => {
      const { workspace, targets: named } = await openSelection(invocation, words, options)
      const { graph, index } = workspace
      if (named.length > 0) checkTargets(graph, named)
      index.save()
      const artifacts = named.length > 0 ? closure(graph, named) : graph.artifacts
      const used = new Set(artifacts.flatMap(lockfilesOf))
      const lockfiles = graph.lockfiles.filter(({ name }) => named.length === 0 || used.has(name))
      const params = ownedParams(artifacts, lockfiles)
      if (options.json) printDocument({ params: params.map(dataOf) })
      else print(params.length === 0 ? 'no params\n' : table(params))
      exit(0)
    })

/** A param as JSON data. */
const dataOf = ({ name, kind, owner, param }: OwnedParam): object => ({
  name,
  owner,
  kind,
  option: flagOf(name),
  type: param.type,
  value: param.value,
  ...originOf(param),
  default: defaultOf(param),
  ...(param.describe === undefined ? {} : { description: param.describe }),
  ...(param.choices === undefined ? {} : { choices: param.choices }),
  ...(param.atLeast === undefined ? {} : { atLeast: param.atLeast }),
})

const HEADINGS = ['PARAM', 'OWNER', 'VALUE', 'ORIGIN', 'DEFAULT', 'DESCRIPTION'] as const

/** A line for each param below a line of headings, with aligned columns. */
function table(params: readonly OwnedParam[]): string {
  const rows = [HEADINGS, ...params.map(cellsOf)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return `${rows.map(lineOf).join('\n')}\n`
}

function cellsOf(owned: OwnedParam): readonly string[] {
  const { name, param } = owned
  const { origin, profile } = originOf(param)
  return [
    name,
    ownerText(owned),
    valueText(param, param.value),
    profile === undefined ? origin : `profile ${profile}`,
    valueText(param, defaultOf(param)),
    description(param),
  ]
}

const description = ({ describe = '', choices = [] }: OwnedParam['param']): string =>
  printable([describe, ...(choices.length === 0 ? [] : [`(${choices.join(', ')})`])].join(' ').trim())

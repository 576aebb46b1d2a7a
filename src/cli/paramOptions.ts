// The params of a distro as options of the command line, for help.
import { Option } from '@commander-js/extra-typings'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Param } from '../api/params.ts'
import { defaultOf } from '../graph/params.ts'
import type { OwnedParam } from '../graph/params.ts'
import { printable } from '../platform/printable.ts'
import { typeText, valueText } from './render/paramText.ts'
import { flagOf } from './selection.ts'

/**
 * Adds an option to the help of a command for each param, sorted by name, with its owners. A param whose flag is an option
 * of the command already can only be set by `--set`, and is left out.
 */
export function addParamOptions(
  command: CommandUnknownOpts,
  params: readonly OwnedParam[],
  heading: string,
): void {
  const taken = new Set(command.options.map(({ long }) => long))
  for (const name of [...new Set(params.map((one) => one.name))].sort()) {
    const flag = flagOf(name)
    if (taken.has(flag)) continue
    taken.add(flag)
    command.addOption(
      optionOf(
        flag,
        params.filter((one) => one.name === name),
      ).helpGroup(heading),
    )
  }
}

function optionOf(flag: string, all: readonly OwnedParam[]): Option {
  const describe = all.find(({ param }) => param.describe !== undefined)?.param.describe
  const values = [...new Set(all.map(({ param }) => stateText(param)))].map((value) => {
    const owners = all.filter(({ param }) => stateText(param) === value).map(ownerText)
    return `in ${owners.join(', ')}: ${value}`
  })
  return new Option(
    `${flag} <${all.map(({ param }) => typeText(param))[0] ?? ''}>`,
    `${describe === undefined ? '' : `${printable(describe)} `}(${values.join('; ')})`,
  )
}

/** An owner as text: the name of the artifact, or `lockfile NAME`. */
export const ownerText = ({ kind, owner }: Pick<OwnedParam, 'kind' | 'owner'>): string =>
  kind === 'lockfile' ? `lockfile ${owner}` : owner

/** The value of a param, and what set it if that is not the default. */
function stateText(param: Param): string {
  const byDefault = `default ${valueText(param, defaultOf(param))}`
  return param.setBy === undefined
    ? byDefault
    : `${valueText(param, param.value)}, set by ${param.setBy}, ${byDefault}`
}

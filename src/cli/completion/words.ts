// Answers the scripts of shells: the words that can follow the words of a command line.
import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import type { Command as TabCommand } from '@bomb.sh/tab'
import type { Param } from '../../api/params.ts'
import type { Graph } from '../../graph/graph.ts'
import { NO_PROFILE, ownedParams } from '../../graph/params.ts'
import { printable } from '../../platform/printable.ts'
import { flagOf } from '../selection.ts'
import { printedBy } from './script.ts'

/** Values to complete, with descriptions. */
type Values = readonly (readonly [value: string, description: string])[]

/** A shell may expand other characters of a word, and names and choices of a distro may contain any. */
const SAFE = /^[\w@%+=:,./-]+$/

/** The numbers by which the scripts of tab complete directories and files (github.com/bombshell-dev/tab, ShellCompDirective). */
const DIRECTORIES = ':16\n'
const FILES = ':0\n'

/** The options whose values are paths, and what the shell completes for them. */
const PATHS: ReadonlyMap<string, string> = new Map([
  ['-C', DIRECTORIES],
  ['--directory', DIRECTORIES],
  ['--output', DIRECTORIES],
  ['--trace', FILES],
  ['--log', FILES],
])

/**
 * The answer to a script: lines of a word, a tab and its description, and a directive. `words` are those after `lbuild`; the
 * last one, which may be empty, is to be completed. Without a graph only commands and their options are completed.
 */
export async function completions(
  program: CommandUnknownOpts,
  graph: Graph | undefined,
  words: readonly string[],
): Promise<string> {
  const paths = PATHS.get(words.at(-2) ?? '')
  if (paths !== undefined) return paths
  const { RootCommand } = await import('@bomb.sh/tab')
  const root = new RootCommand()
  const commands = program.createHelp().visibleCommands(program)
  const description = (name: string): string =>
    commands.find((one) => one.name() === name)?.description() ?? ''
  for (const command of commands) {
    const own = root.command(command.name(), printable(command.description()))
    addOptions(own, command, graph)
    for (const argument of command.registeredArguments) {
      const values =
        command.name() === 'help'
          ? commands.map((one) => [one.name(), description(one.name())] as const)
          : (argument.argChoices?.map((choice) => [choice, ''] as const) ??
            argumentValues(argument.name(), graph))
      own.argument(argument.name(), offer(values), argument.variadic)
    }
  }
  const build = commands.find((one) => one.name() === 'build')
  if (build) addOptions(root, build, graph)
  root.option('version', 'show the version', 'V')
  root.argument('targets', offer(argumentValues('targets', graph)), true)
  return printedBy(() => root.parse([...words]))
}

/** A handler of tab that offers values. */
const offer =
  (values: Values) =>
  (complete: (value: string, description: string) => void): void => {
    for (const [value, description] of values) if (SAFE.test(value)) complete(value, printable(description))
  }

function argumentValues(name: string, graph: Graph | undefined): Values {
  if (name.startsWith('target'))
    return graph?.artifacts.map((node) => [node.name, node.describe ?? ''] as const) ?? []
  if (name === 'lockfiles') return graph?.lockfiles.map((node) => [node.name, node.path] as const) ?? []
  return []
}

function addOptions(own: TabCommand, command: CommandUnknownOpts, graph: Graph | undefined): void {
  const options = command.createHelp().visibleOptions(command)
  for (const { long, short, description, required, optional, argChoices } of options) {
    const values = argChoices?.map((choice) => [choice, ''] as const) ?? settings(long, graph)
    addOption(own, long, description, required || optional ? values : undefined, short)
  }
  if (!graph || !options.some(takesParams)) return
  const taken = new Set(options.map(({ long }) => long))
  for (const { name, param, owner } of ownedParams(graph.artifacts, graph.lockfiles)) {
    const flag = flagOf(name)
    if (!taken.has(flag)) addOption(own, flag, param.describe ?? `a param of ${owner}`, paramValues(param))
    taken.add(flag)
  }
}

/** Whether a command has an option for each param. */
const takesParams = ({ long }: Option): boolean => long === '--set'

function addOption(
  own: TabCommand,
  flag: string | undefined,
  description: string,
  values?: Values,
  short?: string,
): void {
  if (flag === undefined || !SAFE.test(flag)) return
  const [name, alias] = [flag.replace(/^--/, ''), short?.replace(/^-/, '')]
  if (values) own.option(name, printable(description), offer(values), alias)
  else if (alias === undefined) own.option(name, printable(description))
  else own.option(name, printable(description), alias)
}

const paramValues = ({ type, choices = [] }: Param): Values =>
  (type === 'flag' ? ['true', 'false'] : choices).map((choice) => [choice, ''] as const)

/** The values of `--profile` and `--set`. */
function settings(long: string | undefined, graph: Graph | undefined): Values {
  if (!graph) return []
  if (long === '--profile')
    return [...Object.keys(graph.profiles), NO_PROFILE].map((name) => [name, ''] as const)
  if (long !== '--set') return []
  return ownedParams(graph.artifacts, graph.lockfiles).flatMap(({ name, param }) => {
    const values = paramValues(param).map(([value]) => value)
    return (values.length === 0 ? [''] : values).map(
      (value) => [`${name}=${value}`, param.describe ?? ''] as const,
    )
  })
}

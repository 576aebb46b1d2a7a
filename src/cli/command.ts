// What all commands share: their context, the options that select a workspace, and the parsers of values.
import { Command, Help, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import type { OptionValues } from '@commander-js/extra-typings'
import { parseSize } from '../api/params.ts'
import type { Invocation } from './invocation.ts'
import { print } from './render/print.ts'

/** What the action of a command needs besides its arguments and options. */
export interface CommandContext {
  readonly invocation: Invocation
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal
  /** Sets the exit code of the process. */
  exit(code: number): void
}

/** The options that a declaration gives its action. */
export type OptionsOf<Declare extends (name: string) => { opts(): OptionValues }> = Readonly<
  ReturnType<ReturnType<Declare>['opts']>
>

/** A command that throws CommanderError instead of ending the process, and prints nothing but help. */
export const plainCommand = (name: string) =>
  new Command(name).exitOverride().configureOutput({ outputError: () => {}, writeOut: print })

/** A command on one workspace. */
export const workspaceCommand = (name: string) =>
  plainCommand(name)
    .configureHelp({
      visibleOptions: (command) => sharedLast(new Help().visibleOptions(command)),
      // Commander cannot declare an option that takes exactly two values.
      optionTerm: ({ flags }) => flags.replace('<ids...>', '<id> <id>'),
    })
    .option(
      '-C, --directory <dir>',
      'use the build.config.ts of this directory or, if it has none, of the nearest parent directory that has one (default: .)',
    )
    .helpOption('-h, --help', 'show this help')

/** The option of commands that read or write published outputs. */
export const OUTPUT_OPTION = new Option(
  '--output <dir>',
  'the directory of published outputs (default: output/ beside build.config.ts)',
)

/**
 * A command whose params may be set: by a profile, by --set, and by an option for each of them. `profile` says in the
 * help which profile the command applies by default.
 */
export const paramsCommand = (name: string, profile = 'none') =>
  workspaceCommand(name)
    .option(
      '--profile <name>',
      `apply this profile, a named set of param values in build.config.ts (default: ${profile})`,
    )
    .option(
      '--set <param=value>',
      'set a param, such as diskSize=64G, for all artifacts and lockfiles that have it, or disk.diskSize=64G for one; repeatable',
      collect,
    )
    .allowUnknownOption()
    .addHelpText(
      'after',
      "\nEvery param is also an option; 'lbuild TARGET --help' lists the params of a target.",
    )

/** A command on targets: it reads or writes their outputs, and their params may be set. */
export const targetCommand = (name: string, profile?: string) =>
  paramsCommand(name, profile).addOption(OUTPUT_OPTION)

/** The flags of the options that several commands share. Each takes a value, and may stand before the command. */
export const SHARED_FLAGS: readonly string[] = ['-C', '--directory', '--output', '--profile', '--set']

/** Help lists the options of a command first, then those that commands share, then `--help`. */
const sharedLast = (options: readonly Option[]): Option[] => {
  const isShared = ({ long }: Option): boolean => SHARED_FLAGS.includes(long ?? '')
  const isHelp = ({ long }: Option): boolean => long === '--help'
  const own = options.filter((option) => !isShared(option) && !isHelp(option))
  return [...own, ...options.filter(isShared), ...options.filter(isHelp)]
}

/** Collects the values of a repeatable option. */
export const collect = (value: string, all: readonly string[] = []): string[] => [...all, value]

/** Parses a whole number of at least 1. */
export function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('give a whole number of at least 1')
}

/** Parses the number of a TCP port. */
export function port(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1 && number <= 65_535) return number
  throw new InvalidArgumentError('give a port from 1 to 65535')
}

/** Parses a size such as 20G, in bytes. */
export function size(text: string): number {
  try {
    return parseSize(text)
  } catch (error) {
    if (error instanceof RangeError)
      throw new InvalidArgumentError('give a size such as 512M or 20G, or a number of bytes')
    throw error
  }
}

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

/** A command on one workspace whose params may be set: by a profile, by --set, and by an option for each of them. */
export const workspaceCommand = (name: string) =>
  plainCommand(name)
    .configureHelp({ visibleOptions: (command) => sharedLast(new Help().visibleOptions(command)) })
    .option('-C, --directory <dir>', 'use the distro in this directory or above it (default: here)')
    .option('--output <dir>', 'publish outputs in this directory (default: output/ of the distro)')
    .option(
      '--profile <name>',
      'apply a profile of build.config.ts (default: none; for watch: dev, if defined)',
    )
    .addOption(
      new Option(
        '--set <param=value>',
        'set a param for all artifacts, or for one as ARTIFACT.PARAM=VALUE; repeatable',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .helpOption('-h, --help', 'show this help')
    .allowUnknownOption()

/** The flags of the options that all commands share. Each takes a value, and may stand before the command. */
export const SHARED_FLAGS: readonly string[] = ['-C', '--directory', '--output', '--profile', '--set']

/** Help lists the options of a command first, then those that all commands share. */
const sharedLast = (options: readonly Option[]): Option[] => {
  const isShared = ({ long }: Option): boolean => SHARED_FLAGS.includes(long ?? '')
  return [...options.filter((option) => !isShared(option)), ...options.filter(isShared)]
}

/** Collects the values of a repeatable option. */
export const collect = (value: string, all: readonly string[]): string[] => [...all, value]

/** Parses a whole number of at least 1. */
export function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('give a whole number of at least 1')
}

/** Parses a size such as 20G, in bytes. */
export function size(text: string): number {
  try {
    return parseSize(text)
  } catch (error) {
    if (error instanceof RangeError)
      throw new InvalidArgumentError('give a size in bytes, or such as 512M or 20G')
    throw error
  }
}

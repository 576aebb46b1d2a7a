import type { Command } from 'commander'
import { nearest } from '../graph/names.ts'
import { Failure } from '../platform/failure.ts'
import type { UnknownOption } from './session.ts'

/** Options of every command may stand before it, as in `lbuild -C DIR status`: they are moved behind it. */
export function commandFirst(argv: readonly string[]): readonly string[] {
  let at = 0
  while (['-C', '--directory', '--set', '--profile'].includes(argv[at] ?? '')) at += 2
  return [...argv.slice(at, at + 1), ...argv.slice(0, at), ...argv.slice(at + 1)]
}

/** The command that a command line names, or the default one. */
export function calledIn(program: Command, argv: readonly string[]): Command {
  const named = (name: string | undefined) => program.commands.find((command) => command.name() === name)
  return named(commandFirst(argv)[0]) ?? named('build')!
}

/** An unknown option with what may have been meant: an option of the command, or one that sets a param of the distro. */
export function withHint(
  { headline, flag, params }: UnknownOption,
  program: Command,
  called: Command,
): Failure {
  const flagsOf = ({ options }: Command): readonly string[] => options.map(({ long }) => long!)
  const help = `see lbuild ${called.name()} --help`
  const near = nearest(flag, [...flagsOf(called), '--help', ...params])
  const hint = program.commands.flatMap(flagsOf).includes(flag)
    ? `'${called.name()}' does not take it: ${help}`
    : near === undefined
      ? [help, ...(params.length > 0 ? [`params are set by ${params.join(', ')}`] : [])].join('; ')
      : `did you mean '${near}'?`
  return new Failure(headline, { hint, exitCode: 2 })
}

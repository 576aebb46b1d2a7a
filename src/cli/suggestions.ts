// Turns an invalid call into a failure that says how to correct it.
import type { CommanderError } from 'commander'
import { nearest } from '../graph/names.ts'
import { Failure } from '../platform/failure.ts'
import { SHARED_FLAGS } from './command.ts'
import { UnknownOption } from './selection.ts'

/** Moves the shared options that stand before the command behind it: `-C DIR status` becomes `status -C DIR`. */
export function commandFirst(argv: readonly string[]): readonly string[] {
  let at = 0
  while (SHARED_FLAGS.includes(argv[at] ?? '')) at += 2
  return [...argv.slice(at, at + 1), ...argv.slice(0, at), ...argv.slice(at + 1)]
}

/** The first word that is neither an option nor the value of a shared option. */
export function firstWord(words: readonly string[]): string | undefined {
  const rest = words.values()
  for (const word of rest) {
    if (!word.startsWith('-')) return word
    if (SHARED_FLAGS.includes(word)) rest.next()
  }
  return undefined
}

/** The failure for a command line that commander rejects; `called` is the name of the command. */
export function invalidCall({ message }: CommanderError, called: string): Failure {
  const [headline = ''] = message.replace(/^error: /, '').split('\n')
  const help = `see lbuild ${called} --help`
  const { flag, option, value, reason, missing, argument, first, second } =
    [
      /^unknown option '(?<flag>.*)'$/,
      /^option '(?<option>.*)' argument '(?<value>.*)' is invalid\. (?<reason>.*)$/,
      /^option '(?<missing>.*)' argument missing$/,
      /^missing required argument '(?<argument>.*)'$/,
      /^option '(?<first>.*)' cannot be used with option '(?<second>.*)'$/,
    ]
      .map((pattern) => pattern.exec(headline)?.groups)
      .find((groups) => groups !== undefined) ?? {}
  if (flag !== undefined) return new UnknownOption(flag, [])
  if (option !== undefined && reason !== undefined)
    return new Failure(`invalid value '${value}' for option '${option}'`, {
      hint: `${reason.replace(/^Allowed choices are (.*)\.$/, 'choose one of $1')}; ${help}`,
      exitCode: 2,
    })
  if (missing !== undefined)
    return new Failure(`option '${missing}' needs a value`, { hint: help, exitCode: 2 })
  if (argument !== undefined)
    return argument.startsWith('target')
      ? new Failure('no target named', { hint: `name an artifact, or ${help}`, exitCode: 2 })
      : new Failure(`lbuild ${called} needs a ${argument}`, { hint: help, exitCode: 2 })
  if (first !== undefined)
    return new Failure(`option '${first}' cannot be used with option '${second}'`, {
      hint: `remove one of them, or ${help}`,
      exitCode: 2,
    })
  return new Failure(headline, { hint: help, exitCode: 2 })
}

/** The failure for an unknown option: names the option of the command, or of a param of the distro, that is nearest to it. */
export function unknownOption(
  { headline, flag, params }: UnknownOption,
  called: string,
  flags: ReadonlyMap<string, readonly string[]>,
): Failure {
  const help = `see lbuild ${called} --help`
  const near = nearest(flag, [...(flags.get(called) ?? []), '--help', ...params])
  const others = [...flags].filter(([, all]) => all.includes(flag)).map(([name]) => name)
  const facts = params.length > 0 ? [['params', params.join(', ')] as const] : []
  if (others.length > 0)
    return new Failure(headline, {
      facts: [['option of', others.map((name) => `lbuild ${name}`).join(', ')]],
      hint: help,
      exitCode: 2,
    })
  if (near !== undefined) return new Failure(headline, { hint: `did you mean '${near}'?`, exitCode: 2 })
  return new Failure(headline, { facts, hint: help, exitCode: 2 })
}

// Parses a command line and runs the command that it names.
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { CommanderError } from 'commander'
import { COMMANDS, nearest, suggestion } from '../graph/names.ts'
import { Failure } from '../platform/failure.ts'
import { LBUILD_VERSION } from '../platform/lbuildVersion.ts'
import type { CommandContext } from './command.ts'
import { plainCommand } from './command.ts'
import { HELP_TEXT } from './helpText.ts'
import type { Invocation } from './invocation.ts'
import { print } from './render/print.ts'
import { UnknownOption } from './selection.ts'
import { commandFirst, firstWord, invalidCall, unknownOption } from './suggestions.ts'

/** A module of `commands/` that declares one command. */
interface CommandModule {
  command(context: CommandContext): CommandUnknownOpts
}

/** The commands in the order of `--help`. Each is loaded only when it is called, or listed. */
const MODULES: ReadonlyMap<string, () => Promise<CommandModule>> = new Map<
  string,
  () => Promise<CommandModule>
>([
  ['init', () => import('./commands/init.ts')],
  ['build', () => import('./commands/build.ts')],
  ['watch', () => import('./commands/watch.ts')],
  ['update', () => import('./commands/update.ts')],
  ['status', () => import('./commands/status.ts')],
  ['why', () => import('./commands/why.ts')],
  ['graph', () => import('./commands/graph.ts')],
  ['params', () => import('./commands/params.ts')],
  ['history', () => import('./commands/history.ts')],
  ['report', () => import('./commands/report.ts')],
  ['boot', () => import('./commands/boot.ts')],
  ['run', () => import('./commands/run.ts')],
  ['verify', () => import('./commands/verify.ts')],
  ['check', () => import('./commands/check.ts')],
  ['doctor', () => import('./commands/doctor.ts')],
  ['gc', () => import('./commands/gc.ts')],
  ['clean', () => import('./commands/clean.ts')],
  ['completion', () => import('./commands/completion.ts')],
])

/** The command that runs when the command line names none. */
const DEFAULT = 'build'

/** Runs a command line and returns the exit code. Throws a Failure (exit code 2) for an invalid call. */
export async function runProgram(invocation: Invocation, signal: AbortSignal): Promise<number> {
  let code = 0
  const context: CommandContext = {
    invocation: withRest(invocation),
    signal,
    exit: (given) => void (code = given),
  }
  const [first, second, ...rest] = invocation.argv
  if (first === 'complete' && second === '--') return complete(context, rest)
  const argv = helpOf(context.invocation.argv) ?? commandFirst(context.invocation.argv)
  const [word = ''] = argv
  const called = COMMANDS.includes(word) ? word : DEFAULT
  const wantsHelp = argv.some((one) => one === '--help' || one === '-h')
  if (wantsHelp && called !== word && /^[^-]/.test(word)) {
    const { targetHelp } = await import('./targetHelp.ts')
    await targetHelp(context.invocation, argv)
    return 0
  }
  const lists = word === 'help' || (wantsHelp && called !== word)
  const program = await programOf(lists ? [...MODULES.keys()] : [called], context)
  const [subject] = word === 'help' ? argv.slice(1) : wantsHelp ? [called] : []
  const build = program.commands.find((command) => command.name() === subject && subject === DEFAULT)
  if (build) {
    const { addDistroParams } = await import('./targetHelp.ts')
    await addDistroParams(context.invocation, context.invocation.argv, build)
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const failure = error instanceof CommanderError ? invalidCall(error, called) : error
    if (!(failure instanceof UnknownOption)) throw failure
    throw unknownOption(failure, called, await flagsOfCommands(context))
  }
  return code
}

/**
 * If the user calls `help`, returns `help` and the command that follows it; otherwise returns undefined. Throws a Failure
 * (exit code 2) if the word after `help` is not a command.
 */
function helpOf(argv: readonly string[]): readonly string[] | undefined {
  if (commandFirst(argv)[0] !== 'help') return undefined
  const subject = firstWord(argv.slice(argv.indexOf('help') + 1))
  if (subject === undefined || subject === 'help') return ['help']
  if (COMMANDS.includes(subject)) return ['help', subject]
  throw new Failure(`unknown command '${subject}'`, {
    hint:
      nearest(subject, COMMANDS) === undefined
        ? `run lbuild ${subject} --help if it is a target`
        : suggestion(subject, COMMANDS),
    exitCode: 2,
  })
}

/** The program with some of its commands. */
async function programOf(names: readonly string[], context: CommandContext): Promise<CommandUnknownOpts> {
  const program = plainCommand('lbuild')
    .description('Incremental, reproducible builds of Linux distribution images')
    .usage('[build] [options] <targets...>\n       lbuild <command> [options] [arguments...]')
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${firstUsage(command)}`.trimEnd() })
    .version(`lbuild ${LBUILD_VERSION}`, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'Show the help of a command')
    .addHelpText('after', HELP_TEXT)
  for (const name of names) {
    const { command } = await moduleOf(name)
    program.addCommand(command(context), { isDefault: name === DEFAULT })
  }
  return program
}

/** The first line of the usage of a command. Commander lists the declared arguments, even those that `usage` corrects. */
const firstUsage = (command: CommandUnknownOpts): string => command.usage().split('\n')[0] ?? ''

function moduleOf(name: string): Promise<CommandModule> {
  const load = MODULES.get(name)
  if (load === undefined) throw new Error(`no module declares the command '${name}'`)
  return load()
}

/** Answers the script of a shell; see {@link completions}. Prints no error, because the user is typing. */
async function complete(context: CommandContext, words: readonly string[]): Promise<number> {
  const [{ completions }, { distroOf }] = await Promise.all([
    import('./completion/words.ts'),
    import('./completion/distro.ts'),
  ])
  const [program, graph] = await Promise.all([
    programOf([...MODULES.keys()], context),
    distroOf(context.invocation, words),
  ])
  print(await completions(program, graph, words))
  return 0
}

/** The long options of every command. */
async function flagsOfCommands(context: CommandContext): Promise<ReadonlyMap<string, readonly string[]>> {
  const { commands } = await programOf([...MODULES.keys()], context)
  return new Map(
    commands.map((command) => [command.name(), command.options.flatMap(({ long }) => long ?? [])]),
  )
}

/** Splits off the command behind `--` that `watch --exec` runs, so that its options are not read as those of watch. */
function withRest(invocation: Invocation): Invocation {
  const at = invocation.argv.indexOf('--')
  if (at < 0 || !invocation.argv.slice(0, at).includes('watch')) return invocation
  return { ...invocation, argv: invocation.argv.slice(0, at), execCommand: invocation.argv.slice(at + 1) }
}

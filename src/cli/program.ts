import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { parseSize } from '../api/params.ts'
import { Failure } from '../platform/failure.ts'
import { RELEASE } from '../platform/release.ts'
import type { BuildCommandOptions } from './commands/build.ts'
import { buildCommand } from './commands/build.ts'
import { print } from './render/print.ts'
import { calledIn, commandFirst, withHint } from './suggestions.ts'
import { HELP_TEXT } from './helpText.ts'
import type { Invocation } from './session.ts'
import { UnknownOption } from './session.ts'

/** Parses a command line and runs what it names; gives the exit code. Throws a Failure (exit code 2) for a wrong call. */
export async function runProgram(invocation: Invocation, signal: AbortSignal): Promise<number> {
  let code = 0
  const given = withRest(invocation)
  const program = defineProgram(given, signal, (run) => run.then((ended) => void (code = ended)))
  try {
    await program.parseAsync(commandFirst(given.argv), { from: 'user' })
  } catch (error) {
    if (error instanceof UnknownOption) throw withHint(error, program, calledIn(program, given.argv))
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    const called = calledIn(program, given.argv)
    const headline = error.message.replace(/^error: /, '').split('\n')[0]!
    const flag = /^unknown option '(.*)'$/.exec(headline)?.[1]
    if (flag !== undefined) throw withHint(new UnknownOption(flag, []), program, called)
    throw new Failure(headline, { hint: `see lbuild ${called.name()} --help`, exitCode: 2 })
  }
  return code
}

/** Parts the command that `watch` is to run, behind `--`, from what commander reads. */
function withRest(invocation: Invocation): Invocation {
  const at = invocation.argv.indexOf('--')
  if (at < 0 || !invocation.argv.slice(0, at).includes('watch')) return invocation
  return { ...invocation, argv: invocation.argv.slice(0, at), rest: invocation.argv.slice(at + 1) }
}

/** Turns the promise of an exit code into the one that commander awaits. */
type Finish = (run: Promise<number>) => Promise<void>

function defineProgram(invocation: Invocation, signal: AbortSignal, finish: Finish): Command {
  const program = new Command('lbuild')
    .description('Builds the images of a Linux distribution, and nothing that need not be built.')
    .version(`lbuild ${RELEASE}`)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ outputError: () => {}, writeOut: print })
    .addHelpText('after', HELP_TEXT)
  const command = (name: string, description: string): Command =>
    common(program.command(name).description(description).exitOverride())

  buildOptions(common(program.command('build [targets...]', { isDefault: true })))
    .description('bring targets and all below them up to date (the default command)')
    .action((words: string[], options: BuildCommandOptions) =>
      finish(buildCommand(invocation, words, options, signal)),
    )
  command('status [targets...]', 'show what is fresh, restorable or stale')
    .option('--json', 'print one JSON document')
    .option('--check', 'exit with 3 unless everything is up to date')
    .action((words, options) =>
      finish(
        import('./commands/status.ts').then(({ statusCommand }) =>
          statusCommand(invocation, words, { ...options, everything: true }),
        ),
      ),
    )
  command('why [targets...]', 'say why targets would be built; TARGET PATH: whether a path influences one')
    .option('--diff', 'show what changed, line by line')
    .option('-f, --force', 'as if the targets were forced')
    .addOption(
      new Option('--last', 'why the last build did what it did').conflicts(['force', 'build', 'between']),
    )
    .addOption(
      new Option(
        '--build <id>',
        'why that build did: the beginning of its name, its last part, or "last"',
      ).conflicts(['force', 'between']),
    )
    .addOption(new Option('--between <ids...>', 'why what two builds had differs').conflicts(['force']))
    .option('--all', 'show every entry of every list')
    .option('--json', 'print one JSON document')
    .option('--check', 'exit with 3 unless everything is up to date')
    .action((words, options) =>
      finish(
        import('./commands/why.ts').then(({ whyCommand }) =>
          whyCommand(invocation, words, { ...options, everything: true }),
        ),
      ),
    )
  command('watch <targets...>', 'keep targets up to date while their sources change')
    .option(
      '-j, --jobs <N>',
      'how many producers run at a time (default: one for each processor)',
      wholeNumber,
    )
    .option('--no-cancel', 'let a build come to its end when a save makes it stale')
    .option('--exec', 'after each good build run the command behind --, as in: --exec -- COMMAND ARGUMENT')
    .option(
      '--run',
      'run the image of the first target in QEMU, on an overlay, and the next one when a good build changed it',
    )
    .option('--window', 'with --run: open a window for the screen')
    .option('--json', 'print one JSON event a line (docs/watch.md)')
    .action((words, options) =>
      finish(
        import('./commands/watch.ts').then(({ watchCommand }) =>
          watchCommand(invocation, words, options, signal),
        ),
      ),
    )
  common(program.command('check-config', { hidden: true })).action((options) =>
    finish(
      import('./commands/checkConfig.ts').then(({ checkConfigCommand }) =>
        checkConfigCommand(invocation, options),
      ),
    ),
  )
  command(
    'history [targets...]',
    'show past builds, newest first; with targets those that had to do with them',
  )
    .option('-n, --number <N>', 'how many builds', wholeNumber, 10)
    .option('--all', 'show all builds')
    .option('--build <id>', 'show one build: the beginning of its name, its last part, or "last"')
    .option('--trace <file>', 'write a trace of that build, as lbuild build --trace does')
    .option('--json', 'print one JSON document')
    .allowUnknownOption(false)
    .action((words, options) =>
      finish(
        import('./commands/history.ts').then(({ historyCommand }) =>
          historyCommand(invocation, words, options),
        ),
      ),
    )
  command('graph [targets...]', 'show what depends on what')
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['text', 'dot', 'mermaid', 'json'])
        .default('text'),
    )
    .action((words, options) =>
      finish(
        import('./commands/graph.ts').then(({ graphCommand }) =>
          graphCommand(invocation, words, { ...options, everything: true }),
        ),
      ),
    )
  command('update [lockfiles...]', 'resolve lockfiles anew: newer versions of what the lists name')
    .option('--no-wait', 'fail if a build is running')
    .option('-q, --quiet', 'say only what went wrong')
    .action((words, options) =>
      finish(
        import('./commands/update.ts').then(({ updateCommand }) =>
          updateCommand(invocation, words, options, signal),
        ),
      ),
    )
  for (const [name, description] of [
    ['boot <target...>', 'build an image, boot it headless, log in and report'],
    ['run <target...>', 'build an image and run it in QEMU, on an overlay that is thrown away'],
  ] as const) {
    const boot = command(name, description)
      .addOption(
        new Option('--firmware <firmware>', 'the firmware').choices(['uefi', 'bios']).default('uefi'),
      )
      .option('--memory <MiB>', 'memory of the machine', wholeNumber)
      .option('--usb', 'attach the image as a USB disk')
      .option('--no-build', 'take the image as it is')
    if (name.startsWith('boot'))
      boot.option('--json', 'print one JSON document').option('--log <file>', 'keep the console')
    else boot.option('--window', 'open a window for the screen')
    boot.action((words, options) =>
      finish(
        import('./commands/boot.ts').then(({ bootCommand, runCommand }) =>
          (name.startsWith('boot') ? bootCommand : runCommand)(invocation, words, options, signal),
        ),
      ),
    )
  }
  command('doctor', 'check whether this host has what is needed')
    .option('--install', 'install what is missing')
    .option('--with <tool>', 'look for this tool, too; repeatable', collect, [])
    .allowUnknownOption(false)
    .action((options) =>
      finish(import('./commands/doctor.ts').then(({ doctorCommand }) => doctorCommand(invocation, options))),
    )
  command('verify [targets...]', 'read in full what was built, and say what is not as it was recorded')
    .option('--store', 'read the whole store instead; what is damaged is put aside')
    .option('--rebuild', 'run the producers again, elsewhere, and compare what they make; publish nothing')
    .option('-j, --jobs <N>', 'how many producers --rebuild runs at a time', wholeNumber)
    .option('-q, --quiet', 'say only what is wrong')
    .option('--no-wait', 'fail if a build is running')
    .option('--json', 'print one JSON document')
    .action((words, options) =>
      finish(
        import('./commands/verify.ts').then(({ verifyCommand }) =>
          verifyCommand(invocation, words, options, signal),
        ),
      ),
    )
  command('gc', 'remove old builds from the store, and what nobody needs any more')
    .option('-n, --dry-run', 'only show what would go')
    .option(
      '--keep <N>',
      'how many builds of each artifact stay (default: as in build.config.ts)',
      wholeNumber,
    )
    .option(
      '--max-size <size>',
      'how large the store may be, such as 20G (default: as in build.config.ts)',
      size,
    )
    .option('--no-wait', 'fail if a build is running')
    .option('--json', 'print one JSON document')
    .allowUnknownOption(false)
    .action((options) =>
      finish(import('./commands/gc.ts').then(({ gcCommand }) => gcCommand(invocation, options, signal))),
    )
  command('clean', 'remove outputs and work directories')
    .option('--all', 'remove the store and the records, too')
    .option('--yes', 'do not ask')
    .allowUnknownOption(false)
    .action((options) =>
      finish(import('./commands/clean.ts').then(({ cleanCommand }) => cleanCommand(invocation, options))),
    )
  return program
}

const collect = (value: string, all: readonly string[]): string[] => [...all, value]

function common(command: Command): Command {
  return command
    .option('-C, --directory <dir>', 'the directory of the distro (default: here or above)')
    .option('--output <dir>', 'the directory for outputs (default: output/ in that of the distro)')
    .option(
      '--profile <name>',
      'a set of params of build.config.ts (default: none; watch: dev if there is one)',
    )
    .option('--set <NAME=VALUE>', 'set a param, for all artifacts or ARTIFACT.NAME; repeatable', collect, [])
    .allowUnknownOption()
    .exitOverride()
    .configureOutput({ outputError: () => {}, writeOut: print })
}

function buildOptions(command: Command): Command {
  return command
    .option('-f, --force', 'run the targets even if they are fresh')
    .option('-n, --dry-run', 'only show what would be done')
    .option('--check', 'only look; exit with 3 unless everything is up to date')
    .option(
      '-j, --jobs <N>',
      'how many producers run at a time (default: one for each processor)',
      wholeNumber,
    )
    .option('-k, --keep-going', 'after a failure go on with what does not depend on it')
    .option('--no-wait', 'fail if another build is running')
    .option('--install-tools', 'install the host tools that are missing')
    .addOption(
      new Option(
        '--trace <file>',
        'write when what ran, and the critical path, for Perfetto (Trace Event Format)',
      ).conflicts(['dryRun', 'check']),
    )
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'say only what went wrong')
    .option('-v, --verbose', 'say what is fresh, too')
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('a whole number of at least 1 is needed')
}

function size(text: string): number {
  try {
    return parseSize(text)
  } catch (error) {
    throw new InvalidArgumentError((error as RangeError).message)
  }
}

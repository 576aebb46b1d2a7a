// `lbuild [build] TARGET…`: the options of the default command. Its action is in another file, because a call without
// options needs no parser.
import { Option } from '@commander-js/extra-typings'
import type { CommandContext, OptionsOf } from '../command.ts'
import { wholeNumber, targetCommand } from '../command.ts'
import { LOCKED_HELP } from '../lockedOption.ts'
import { buildTargets } from './buildTargets.ts'

const declare = () =>
  targetCommand('build')
    .description('Build targets and their dependencies, except fresh ones (the default command)')
    .usage('[options] <targets...>')
    .argument('[targets...]', 'the artifacts to build')
    .option(
      '-f, --force',
      'run the producers of the targets even if the targets are fresh; dependencies are built as usual',
    )
    .option('-n, --dry-run', 'show what would be built, and build nothing')
    .option('--check', 'like --dry-run, and exit with 3 unless the targets and their dependencies are fresh')
    .option(
      '-j, --jobs <n>',
      'run at most this many producers at once (default: the number of CPUs)',
      wholeNumber,
    )
    .option(
      '-k, --keep-going',
      'after a failure, still build the artifacts that do not depend on the failed one',
    )
    .option('--locked', LOCKED_HELP.locked)
    .option('--no-locked', LOCKED_HELP.noLocked)
    .option('--no-wait', 'fail instead of waiting if another lbuild process works in this workspace')
    .option(
      '--install-tools',
      'before building, install missing tools with the package manager of the host, as root or with sudo',
    )
    .addOption(
      new Option(
        '--trace <file>',
        'write the timeline and the critical path of the build to a file for Perfetto (Trace Event Format)',
      ).conflicts(['dryRun', 'check']),
    )
    .option('--json', 'print one JSON document (docs/json.md)')
    .option('-q, --quiet', 'print only failures')
    .option('-v, --verbose', 'also print fresh artifacts')

export type BuildOptions = OptionsOf<typeof declare>

export const command = ({ invocation, signal, exit }: CommandContext) =>
  declare().action(async (targets, options) => exit(await buildTargets(invocation, targets, options, signal)))

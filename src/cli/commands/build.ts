// `lbuild [build] TARGET…`: the options of the default command. Its action is in another file, because a call without
// options needs no parser.
import { Option } from '@commander-js/extra-typings'
import type { CommandContext, OptionsOf } from '../command.ts'
import { wholeNumber, workspaceCommand } from '../command.ts'
import { buildTargets } from './buildTargets.ts'

const declare = () =>
  workspaceCommand('build')
    .description('Build targets and everything below them that is not up to date (the default command)')
    .argument('[targets...]', 'the artifacts to build')
    .option('-f, --force', 'run the producers of the targets even if they are up to date')
    .option('-n, --dry-run', 'show what a build would do, and change nothing')
    .option('--check', 'like --dry-run; exit with 3 unless everything is up to date')
    .option(
      '-j, --jobs <n>',
      'run at most this many producers at a time (default: the number of processors)',
      wholeNumber,
    )
    .option('-k, --keep-going', 'after a failure, build what does not depend on it')
    .option('--no-wait', 'fail if another build holds the workspace lock, instead of waiting for it')
    .option('--install-tools', 'install missing host tools first')
    .addOption(
      new Option(
        '--trace <file>',
        'write a timeline and the critical path to a file that Perfetto opens (Trace Event Format)',
      ).conflicts(['dryRun', 'check']),
    )
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'print failures only')
    .option('-v, --verbose', 'also print artifacts that are up to date')

export type BuildOptions = OptionsOf<typeof declare>

export const command = ({ invocation, signal, exit }: CommandContext) =>
  declare().action(async (targets, options) => exit(await buildTargets(invocation, targets, options, signal)))

// `lbuild verify [TARGET…]`: reads what was built in full and reports what differs from the records.
import { checkTargets } from '../../executor/checkTargets.ts'
import { Failure } from '../../platform/failure.ts'
import type { FileState, Mismatch, PublishedReport } from '../../verify/outputs.ts'
import { verifyPublished } from '../../verify/outputs.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { wholeNumber, targetCommand } from '../command.ts'
import { LOCKED_HELP } from '../lockedOption.ts'
import { paint } from '../render/color.ts'
import { bytes, counted } from '../../platform/units.ts'
import { NAME_WIDTH } from '../render/format.ts'
import { print, printDocument } from '../render/print.ts'
import { openSelection } from '../selection.ts'

const declare = () =>
  targetCommand('verify')
    .description(
      'Rehash published outputs and report each file that differs from what lbuild last published there',
    )
    .usage('[options] <targets...>\n       lbuild verify [options] --store')
    .argument(
      '[targets...]',
      'the artifacts to verify, with their dependencies unless --only is given; none with --store',
    )
    .option(
      '--store',
      'rehash the whole store instead, and move damaged files aside, so that builds replace them',
    )
    .option(
      '--rebuild',
      'run the producers of the targets and their dependencies again, with another host name and number of CPUs, and report outputs that differ from those of the earlier build with the same inputs and params; publishes nothing',
    )
    .option(
      '--only',
      'verify only the targets themselves, not their dependencies; with --rebuild: run only the producers of the targets again',
    )
    .option(
      '-j, --jobs <n>',
      'with --rebuild: run at most this many producers at once (default: the number of CPUs)',
      wholeNumber,
    )
    .option('--locked', `with --rebuild: ${LOCKED_HELP.locked}`)
    .option('--no-locked', `with --rebuild: ${LOCKED_HELP.noLocked}`)
    .option('--no-wait', 'fail instead of waiting if another lbuild process works in this workspace')
    .option('--json', 'print one JSON document (docs/json.md)')
    .option('-q, --quiet', 'print only files that differ')

export type VerifyOptions = OptionsOf<typeof declare>

export const command = (context: CommandContext) =>
  declare().action(async (words, options) => context.exit(await verify(context, words, options)))

/** Returns the exit code: 1 if anything differs from the records. */
async function verify(
  context: CommandContext,
  words: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const { workspace, targets } = await openSelection(context.invocation, words, options)
  if (options.store) {
    if (targets.length > 0 || options.rebuild || options.only)
      throw new Failure('--store cannot be combined with targets, --rebuild or --only', {
        hint: 'run lbuild verify --store, which reads the whole store',
        exitCode: 2,
      })
    const { verifyWholeStore } = await import('./verifyStore.ts')
    return verifyWholeStore(workspace, options, context.signal)
  }
  checkTargets(workspace.graph, targets)
  if (options.rebuild) {
    const { verifyRebuild } = await import('./verifyRebuild.ts')
    return verifyRebuild(context, workspace, targets, options)
  }
  return show(targets, await verifyPublished(workspace, targets, context.signal, options.only), options)
}

function show(targets: readonly string[], report: PublishedReport, { json, quiet }: VerifyOptions): number {
  const { mismatches } = report
  if (json) printDocument({ targets, ...report })
  else if (mismatches.length > 0 || !quiet) {
    for (const one of mismatches)
      print(`${paint(process.stdout, 'red', 'differs')} ${one.artifact.padEnd(NAME_WIDTH)} ${problem(one)}\n`)
    const read = `${counted(report.outputs, 'published output')} and ${counted(report.objects, 'object')}, ${bytes(report.bytes)}`
    const verdict = mismatches.length === 0 ? 'all as recorded' : counted(mismatches.length, 'difference')
    print(`${targets.join(', ')}: ${verdict} (${counted(report.artifacts, 'artifact')}; read ${read})\n`)
    if (mismatches.length > 0) print(`hint: ${remedy(targets, mismatches)}\n`)
  }
  return mismatches.length === 0 ? 0 : 1
}

function problem({ kind, path, expected, found, difference }: Mismatch): string {
  if (kind === 'record') return `its latest record ${contentProblem(undefined, found)}`
  const where = difference ? `, first at offset ${difference.offset}` : ''
  return `${path} ${contentProblem(expected?.size, found)}${where}`
}

function contentProblem(size: number | undefined, found: FileState): string {
  switch (found.state) {
    case 'other':
      return `is a ${found.type}`
    case 'unreadable':
      return 'cannot be read'
    case 'missing':
    case 'damaged':
      return `is ${found.state}`
    case 'file':
      return size === undefined || found.size === size
        ? `has different content (${counted(found.size, 'byte')})`
        : `has ${counted(found.size, 'byte')} instead of ${size}`
  }
}

/**
 * Returns the hint that says how to repair mismatches. A build does not notice a damaged object that it does not need, or
 * a changed output whose stat is unchanged. So the hint tells the user to remove these first.
 */
function remedy(targets: readonly string[], mismatches: readonly Mismatch[]): string {
  const undetected = mismatches.filter((one) => one.undetected).map(({ path }) => path)
  const hasDamagedObject = mismatches.some(
    ({ kind, found }) => kind === 'object' && found.state !== 'missing',
  )
  return [
    ...(hasDamagedObject ? ["run 'lbuild verify --store' to quarantine damaged objects"] : []),
    ...(undetected.length > 0 ? [`remove ${undetected.join(' and ')}`] : []),
    `run 'lbuild ${targets.join(' ')}' to restore or rebuild`,
  ].join(', then ')
}

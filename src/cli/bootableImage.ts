// Builds a bootable image, for the commands that start one: `boot`, `run` and `watch --run`.
import { Option } from '@commander-js/extra-typings'
import type { BootCheck } from '../api/config.ts'
import { build } from '../executor/build.ts'
import { checkTargets } from '../executor/checkTargets.ts'
import { bootCheckOf } from '../graph/bootCheck.ts'
import { Failure } from '../platform/failure.ts'
import { DEFAULT_MEMORY } from '../vm/qemu.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { CommandContext, OptionsOf } from './command.ts'
import { typedArguments } from './invocation.ts'
import { wholeNumber, targetCommand } from './command.ts'
import { LOCKED_HELP, lockedBy } from './lockedOption.ts'
import { withProgress } from './render/progress.ts'
import { openSelection } from './selection.ts'

/** A command that starts the image of one target in QEMU. */
export const vmCommand = (name: string) =>
  targetCommand(name)
    .usage('[options] <target>')
    .argument('<target...>', 'an artifact with a .qcow2 or .iso output')
    .addOption(
      new Option('--firmware <firmware>', 'the firmware of the VM')
        .choices(['uefi', 'bios'] as const)
        .default('uefi' as const),
    )
    .option('--memory <MiB>', `the memory of the VM in MiB (default: ${DEFAULT_MEMORY})`, wholeNumber)
    .option('--usb', 'attach the image as a USB disk')
    .option('--locked', LOCKED_HELP.locked)
    .option('--no-locked', LOCKED_HELP.noLocked)
    .option('--no-build', 'boot the published image without building it first')

type VmOptions = OptionsOf<typeof vmCommand>

/** The options of a VM that the command line gives. */
export const machineOptions = ({ firmware, usb, memory }: VmOptions) => ({
  firmware,
  ...(usb ? { bus: 'usb' as const } : {}),
  ...(memory === undefined ? {} : { memory }),
})

/** Builds the image of the one target unless `--no-build` is given. Returns its path and how the distro checks it. */
export async function bootableImage(
  { invocation, signal }: CommandContext,
  words: readonly string[],
  options: VmOptions,
): Promise<{ readonly image: string; readonly check: BootCheck }> {
  const { workspace, targets } = await openSelection(invocation, words, options)
  const [target, ...others] = targets
  if (target === undefined || others.length > 0)
    throw new Failure(target === undefined ? 'no target named' : 'more than one target named', {
      hint: 'name one artifact that publishes a .qcow2 or .iso',
      exitCode: 2,
    })
  checkTargets(workspace.graph, targets)
  const image = imageOf(workspace, target)
  const check = bootCheckOf(workspace.graph, target)
  if (!options.build) return { image, check }
  const report = await withProgress({ signal }, (listener) =>
    build(workspace, {
      targets,
      command: typedArguments(invocation),
      force: false,
      keepGoing: false,
      ...lockedBy(options.locked),
      wait: true,
      listener,
      signal,
      code: invocation.code,
    }),
  )
  for (const { name, failure } of report.artifacts)
    if (failure) throw new Failure(`${name}: ${failure.headline}`, failure)
  return { image, check }
}

/** What QEMU can boot, by the ending of its name. */
const BOOTABLE = /\.(qcow2|iso)$/

/** The path of the output of an artifact that QEMU can boot. Throws a Failure (exit code 2) if there is none. */
export function imageOf({ graph, locations }: Workspace, target: string): string {
  const outputs = Object.values(graph.artifacts.find(({ name }) => name === target)?.outputs ?? {})
  const image = outputs.find(({ path, published }) => published && BOOTABLE.test(path))
  if (!image)
    throw new Failure(`'${target}' has no bootable output`, {
      facts: [['outputs', outputs.map(({ path }) => path).join(', ')]],
      hint: 'name an artifact that publishes a .qcow2 or .iso',
      exitCode: 2,
    })
  return `${locations.output}/${image.path}`
}

// `lbuild boot TARGET`: boots an image headless, logs in and reports the state of the system.
import type { BootCheck } from '../../api/config.ts'
import { printable } from '../../platform/printable.ts'
import { checkBoot } from '../../vm/bootCheck.ts'
import type { BootReport } from '../../vm/bootCheck.ts'
import { bootableImage, machineOptions, vmCommand } from '../bootableImage.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { wholeNumber } from '../command.ts'
import { duration } from '../../platform/units.ts'
import { print, printDocument } from '../render/print.ts'

const declare = () =>
  vmCommand('boot')
    .description(
      'Build an image and check that it boots: start it in QEMU without a screen, log in as root without a password, and fail if a systemd unit failed. The member boot of build.config.ts can declare another user, a shell prompt or a success line instead, and time limits',
    )
    .option(
      '--timeout <seconds>',
      'how long the boot may take until the login prompt, even if the console is silent (default: 120 with KVM, 300 without; the console may be silent for 60 or 120)',
      wholeNumber,
    )
    .option(
      '--silence <seconds>',
      'how long the console may be silent until the login prompt (default: as long as --timeout, if that is given)',
      wholeNumber,
    )
    .option('--log <file>', 'write the output of the serial console to a file')
    .option('--json', 'print one JSON document (docs/json.md)')

export const command = (context: CommandContext) =>
  declare().action(async (words, options) => {
    await boot(context, words, options)
    context.exit(0)
  })

async function boot(
  context: CommandContext,
  words: readonly string[],
  options: OptionsOf<typeof declare>,
): Promise<void> {
  const { json, log } = options
  const { image, check } = await bootableImage(context, words, options)
  if (!json) process.stderr.write(`booting ${image} (${options.firmware}) …\n`)
  const report = await checkBoot({
    image,
    signal: context.signal,
    ...check,
    ...limitsOf(options),
    ...machineOptions(options),
    ...(log === undefined ? {} : { log }),
  })
  if (json) printDocument({ image, ...report })
  else show(report, check)
}

/** The time limits of the command line, which replace those of the config. */
const limitsOf = ({ timeout, silence = timeout }: OptionsOf<typeof declare>) => ({
  ...(timeout === undefined ? {} : { bootSeconds: timeout }),
  ...(silence === undefined ? {} : { silenceSeconds: silence }),
})

function show(report: BootReport, { prompt, success }: BootCheck): void {
  const { secondsToKernel, secondsToLogin, systemState, root, machineId } = report
  const goal = success === undefined ? (prompt === undefined ? 'login' : 'prompt') : 'success'
  const inShell = success === undefined
  const rows: readonly (readonly [name: string, value: string | undefined])[] = [
    ['firmware', `${report.firmware}, ${report.accelerator.name}`],
    ['kernel', secondsToKernel === undefined ? undefined : duration(secondsToKernel)],
    [goal, duration(secondsToLogin)],
    ['system', systemState ?? (inShell ? 'no systemd' : undefined)],
    ['root', root && `${printable(root.source)} (${printable(root.fstype)})`],
    ['machine id', machineId && printable(machineId)],
    ['powered off', inShell ? (report.poweredOff ? 'yes' : 'no') : undefined],
  ]
  for (const [name, value] of rows) if (value !== undefined) print(`${name.padEnd(12)} ${value}\n`)
}

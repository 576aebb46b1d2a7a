// `lbuild boot TARGET`: boots an image headless, logs in and reports the state of the system.
import { checkBoot } from '../../vm/bootCheck.ts'
import type { BootReport } from '../../vm/bootCheck.ts'
import { bootableImage, machineOptions, vmCommand } from '../bootableImage.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { duration } from '../render/format.ts'
import { print, printDocument } from '../render/print.ts'

const declare = () =>
  vmCommand('boot')
    .description(
      'Build an image and check that it boots: start it in QEMU without a screen, log in as root without a password, and fail if a systemd unit failed',
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
  const { image, patterns } = await bootableImage(context, words, options)
  if (!json) process.stderr.write(`booting ${image} (${options.firmware}) …\n`)
  const report = await checkBoot({
    image,
    signal: context.signal,
    patterns,
    ...machineOptions(options),
    ...(log === undefined ? {} : { log }),
  })
  if (json) printDocument({ image, ...report })
  else show(report)
}

function show(report: BootReport): void {
  const rows = [
    ['firmware', `${report.firmware}, ${report.accelerator.name}`],
    ['kernel', duration(report.secondsToKernel ?? 0)],
    ['login', duration(report.secondsToLogin)],
    ['system', report.systemState],
    ['root', `${report.root.source} (${report.root.fstype})`],
    ['machine id', report.machineId],
    ['powered off', report.poweredOff ? 'yes' : 'no'],
  ] as const
  for (const [name, value] of rows) print(`${name.padEnd(12)} ${value}\n`)
}

// `lbuild run TARGET`: runs an image in QEMU for interactive use.
import { runImage } from '../../vm/runImage.ts'
import { bootableImage, machineOptions, vmCommand } from '../bootableImage.ts'
import type { CommandContext } from '../command.ts'
import { port } from '../command.ts'

export const command = (context: CommandContext) =>
  vmCommand('run')
    .description('Build an image and boot it in QEMU for interactive use; changes to its disk are discarded')
    .option('--window', 'open a graphical window')
    .option('--ssh <port>', 'connect this port of 127.0.0.1 to port 22 of the VM', port)
    .action(async (words, options) => {
      const { image } = await bootableImage(context, words, options)
      process.stderr.write(`running ${image}; changes to its disk are discarded. Press Ctrl-A X to quit.\n`)
      await runImage({
        image,
        signal: context.signal,
        ...machineOptions(options),
        ...(options.window ? { window: true } : {}),
        ...(options.ssh === undefined ? {} : { sshPort: options.ssh }),
      })
      context.exit(0)
    })

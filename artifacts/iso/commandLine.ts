import { isoDate } from 'lbuild/images/iso'

/**
 * The kernel's command line on the ISO: how the initramfs knows the medium, and the consoles; the last one is
 * /dev/console.
 */
export const commandLine = (label: string, epoch: number, consoles: string): string =>
  `live.label=${label} live.uuid=${isoDate(epoch)} ${consoles}`

/** isolinux's configuration: boots at once, shows itself on the serial line too. */
export const isolinuxConfig = (line: string): string =>
  [
    'SERIAL 0 115200',
    'DEFAULT live',
    'PROMPT 0',
    'TIMEOUT 10',
    'LABEL live',
    '  KERNEL /boot/vmlinuz',
    '  INITRD /boot/initramfs.img',
    `  APPEND ${line}`,
    '',
  ].join('\n')

import { isoDate, type IsoFile } from 'lbuild/images/iso'

/** What a BIOS runs from the ISO. It is the one file that changes on its way there: xorriso writes a table into it. */
export const BIOS_LOADER = 'isolinux/isolinux.bin'
const LINUX = 'boot/vmlinuz'
const INITRD = 'boot/initramfs.img'

/** Files that go onto the ISO, as paths. */
type Sources = Record<'initramfs' | 'vmlinuz' | 'isolinux' | 'ldlinux' | 'rootfs', string>

/** What the ISO holds besides its EFI system partition; `config` is isolinux's. */
export const isoFiles = (sources: Sources, config: string): IsoFile[] => [
  { path: INITRD, source: sources.initramfs },
  { path: LINUX, source: sources.vmlinuz },
  { path: BIOS_LOADER, source: sources.isolinux },
  { path: 'isolinux/isolinux.cfg', source: config },
  { path: 'isolinux/ldlinux.c32', source: sources.ldlinux },
  { path: 'live/rootfs.erofs', source: sources.rootfs },
]

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
    `  KERNEL /${LINUX}`,
    `  INITRD /${INITRD}`,
    `  APPEND ${line}`,
    '',
  ].join('\n')

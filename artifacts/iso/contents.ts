// The files of the live ISO and the configuration of its loaders.
import { isoDate, type IsoFile } from 'lbuild/images/iso'

/** The path of the loader that a BIOS runs. */
export const BIOS_LOADER = 'isolinux/isolinux.bin'
const LINUX = 'boot/vmlinuz'
const INITRD = 'boot/initramfs.img'

/** The sources of the files, as paths. */
type Sources = Record<'initrd' | 'linux' | 'isolinux' | 'ldlinux' | 'rootfs', string>

/** The files of the ISO outside its EFI system partition; `config` is the configuration file of isolinux. */
export const isoFiles = (sources: Sources, config: string): IsoFile[] => [
  { path: INITRD, source: sources.initrd },
  { path: LINUX, source: sources.linux },
  { path: BIOS_LOADER, source: sources.isolinux },
  { path: 'isolinux/isolinux.cfg', source: config },
  { path: 'isolinux/ldlinux.c32', source: sources.ldlinux },
  { path: 'live/rootfs.erofs', source: sources.rootfs },
]

/** The command line of the kernel: the initramfs finds the medium by its label and date; the last console is /dev/console. */
export const commandLine = (label: string, epoch: number, consoles: string): string =>
  `live.label=${label} live.uuid=${isoDate(epoch)} ${consoles}`

/** The configuration of isolinux: boots after a second, and writes to the serial line too. */
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

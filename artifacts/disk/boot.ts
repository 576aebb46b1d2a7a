// The boot files of the installed disk.
import type { FatFile } from 'lbuild/images/fat'
import { fatUuid } from 'lbuild/images/uuids'
import { IDS } from './layout.ts'

/** The sources of the boot files, as paths. */
export interface BootFiles {
  readonly systemdBoot: string
  readonly vmlinuz: string
  readonly initramfs: string
}

const ENTRY = 'levitateos.conf'
const LINUX = 'levitateos/vmlinuz'
const INITRD = 'levitateos/initramfs.img'

const loaderConfig = `default ${ENTRY}\ntimeout 3\nconsole-mode keep\n`

const bootEntry = (title: string, consoles: string): string =>
  [
    `title ${title}`,
    `linux /${LINUX}`,
    `initrd /${INITRD}`,
    `options root=PARTUUID=${IDS.rootPartition} rw ${consoles}`,
    '',
  ].join('\n')

/**
 * The files of the EFI system partition: systemd-boot with its configuration (loader.conf(5)) and one entry (Boot Loader
 * Specification, type #1), kernel and initramfs.
 */
export const espFiles = (files: BootFiles, title: string, consoles: string): FatFile[] => [
  { path: 'EFI/BOOT/BOOTX64.EFI', source: files.systemdBoot },
  { path: 'EFI/systemd/systemd-bootx64.efi', source: files.systemdBoot },
  { path: 'loader/loader.conf', source: Buffer.from(loaderConfig) },
  { path: `loader/entries/${ENTRY}`, source: Buffer.from(bootEntry(title, consoles)) },
  { path: LINUX, source: files.vmlinuz },
  { path: INITRD, source: files.initramfs },
]

/** The text of /etc/fstab (fstab(5)). fsck does not check the FAT at boot (fs_passno 0). */
export const fstab = [
  `UUID=${IDS.rootFileSystem} / ext4 defaults 0 1`,
  `UUID=${fatUuid(IDS.espVolume)} /boot vfat defaults 0 0`,
  '',
].join('\n')

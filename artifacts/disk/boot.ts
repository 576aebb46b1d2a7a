import type { FatFile } from 'lbuild/images/fat'
import { fatUuid } from 'lbuild/images/ids'
import { IDS } from './layout.ts'

/** Files that go onto the EFI system partition, as paths. */
export interface BootFiles {
  readonly systemdBoot: string
  readonly vmlinuz: string
  readonly initramfs: string
}

const ENTRY = 'levitateos.conf'
const LINUX = 'levitateos/vmlinuz'
const INITRD = 'levitateos/initramfs.img'

const loaderConfig = `default ${ENTRY}\ntimeout 3\nconsole-mode keep\n`

const entry = (title: string, consoles: string): string =>
  [
    `title ${title}`,
    `linux /${LINUX}`,
    `initrd /${INITRD}`,
    `options root=PARTUUID=${IDS.rootPartition} rw ${consoles}`,
    '',
  ].join('\n')

/** What the EFI system partition holds: systemd-boot, its configuration (loader.conf(5)), kernel and initramfs. */
export const espFiles = (files: BootFiles, title: string, consoles: string): FatFile[] => [
  { path: 'EFI/BOOT/BOOTX64.EFI', source: files.systemdBoot },
  { path: 'EFI/systemd/systemd-bootx64.efi', source: files.systemdBoot },
  { path: 'loader/loader.conf', source: Buffer.from(loaderConfig) },
  { path: `loader/entries/${ENTRY}`, source: Buffer.from(entry(title, consoles)) },
  { path: LINUX, source: files.vmlinuz },
  { path: INITRD, source: files.initramfs },
]

/** /etc/fstab (fstab(5)); FAT is not checked at boot. */
export const fstab = [
  `UUID=${IDS.rootFileSystem} / ext4 defaults 0 1`,
  `UUID=${fatUuid(IDS.espVolume)} /boot vfat defaults 0 0`,
  '',
].join('\n')

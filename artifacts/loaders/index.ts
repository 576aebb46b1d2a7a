import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, internal } from 'lbuild'
import { loaderPackages } from './lock.ts'

/** Where each loader lies in its package. */
const FILES = {
  busybox: 'bin/busybox',
  systemdBoot: 'usr/lib/systemd/boot/efi/systemd-bootx64.efi',
  stub: 'usr/lib/systemd/boot/efi/linuxx64.efi.stub',
  isolinux: 'usr/lib/ISOLINUX/isolinux.bin',
  isohdpfx: 'usr/lib/ISOLINUX/isohdpfx.bin',
  ldlinux: 'usr/lib/syslinux/modules/bios/ldlinux.c32',
} as const

/** Boot loaders and busybox from Debian's packages, so that no image depends on what the host has of them. */
export const loaders = artifact('loaders', {
  describe: 'boot loaders and busybox',
  inputs: { packages: loaderPackages.downloads() },
  tools: ['dpkg-deb'],
  outputs: {
    busybox: internal('busybox'),
    systemdBoot: internal('systemd-bootx64.efi'),
    stub: internal('linuxx64.efi.stub'),
    isolinux: internal('isolinux.bin'),
    isohdpfx: internal('isohdpfx.bin'),
    ldlinux: internal('ldlinux.c32'),
  },
  async produce({ inputs, outputs, run, scratch }) {
    const root = join(scratch, 'root')
    for (const name of await readdir(inputs.packages))
      await run('dpkg-deb', ['--extract', join(inputs.packages, name), root])
    for (const [output, path] of Object.entries(FILES))
      await copyFile(join(root, path), outputs[output as keyof typeof FILES])
  },
})

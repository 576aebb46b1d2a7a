// The artifact `loaders`: boot loaders and busybox.
import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, internal } from 'lbuild'
import { loaderPackages } from './lock.ts'

/** Boot loaders and busybox from Debian's packages, so that no image depends on the versions of the host. */
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
    const files = [
      ['bin/busybox', outputs.busybox],
      ['usr/lib/systemd/boot/efi/systemd-bootx64.efi', outputs.systemdBoot],
      ['usr/lib/systemd/boot/efi/linuxx64.efi.stub', outputs.stub],
      ['usr/lib/ISOLINUX/isolinux.bin', outputs.isolinux],
      ['usr/lib/ISOLINUX/isohdpfx.bin', outputs.isohdpfx],
      ['usr/lib/syslinux/modules/bios/ldlinux.c32', outputs.ldlinux],
    ] as const
    for (const [path, output] of files) await copyFile(join(root, path), output)
  },
})

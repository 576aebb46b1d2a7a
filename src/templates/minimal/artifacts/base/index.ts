// The artifact `base`: the files of Debian's packages.
import { copyFile, readdir } from 'node:fs/promises'
import { artifact, internal } from 'lbuild'
import { aptLockfile } from 'lbuild/debian/lockfile'
import { oneKernelVersion } from 'lbuild/images/kernelModules'

/** The listed packages, and the kernel that linux-image-amd64 selects. */
export const packages = aptLockfile('packages', {
  path: 'artifacts/base/packages.lock',
  list: 'artifacts/base/packages.list',
  keep: (name, listed) => listed.has(name) || name.startsWith('linux-image-'),
})

export const base = artifact('base', {
  describe: "Debian's kernel, busybox and the EFI stub of systemd",
  inputs: { packages: packages.downloads() },
  tools: ['dpkg-deb'],
  outputs: { linux: internal('vmlinuz'), busybox: internal('busybox'), stub: internal('efi.stub') },
  async produce({ inputs, outputs, run, scratch }) {
    const root = `${scratch}/root`
    for (const name of await readdir(inputs.packages))
      await run('dpkg-deb', ['--extract', `${inputs.packages}/${name}`, root])
    const version = oneKernelVersion(await readdir(`${root}/lib/modules`))
    await copyFile(`${root}/boot/vmlinuz-${version}`, outputs.linux)
    await copyFile(`${root}/bin/busybox`, outputs.busybox)
    await copyFile(`${root}/usr/lib/systemd/boot/efi/linuxx64.efi.stub`, outputs.stub)
  },
})

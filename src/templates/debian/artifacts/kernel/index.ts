// The artifact `kernel`: Debian's kernel with the listed modules, and the programs that start the system.
import { copyFile, mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { artifact, file, internal } from 'lbuild'
import { aptLockfile } from 'lbuild/debian/lockfile'
import { keepModules } from 'lbuild/images/keepModules'
import { moduleClosure, oneKernelVersion, parseList, readModuleIndex } from 'lbuild/images/kernelModules'
import { packLayer } from 'lbuild/images/layers'

/** The listed packages, and the kernel that linux-image-amd64 selects. */
export const kernelPackages = aptLockfile('kernel', {
  path: 'artifacts/kernel/kernel.lock',
  list: 'artifacts/kernel/kernel.list',
  keep: (name, listed) => listed.has(name) || name.startsWith('linux-image-'),
})

export const kernel = artifact('kernel', {
  describe: "Debian's kernel with the listed modules, busybox and the EFI stub of systemd",
  inputs: { packages: kernelPackages.downloads(), list: file('artifacts/kernel/modules.list') },
  tools: ['dpkg-deb', 'depmod', 'tar'],
  outputs: {
    linux: internal('vmlinuz'),
    modules: internal('modules.tar'),
    busybox: internal('busybox'),
    stub: internal('efi.stub'),
  },
  async produce({ inputs, outputs, run, scratch, epoch, log }) {
    const root = `${scratch}/root`
    for (const name of await readdir(inputs.packages))
      await run('dpkg-deb', ['--extract', `${inputs.packages}/${name}`, root])
    // The system has a merged /usr; the packages do not.
    const modules = `${root}/usr/lib/modules`
    await mkdir(`${root}/usr/lib`, { recursive: true })
    await rename(`${root}/lib/modules`, modules)
    const version = oneKernelVersion(await readdir(modules))
    await run('depmod', ['-b', `${root}/usr`, version])
    const index = await readModuleIndex(`${modules}/${version}`)
    const kept = moduleClosure(index, parseList(await readFile(inputs.list, 'utf8')))
    log(`${kept.length} of ${index.paths.size} modules of Linux ${version}`)
    await keepModules(`${modules}/${version}`, kept)
    await run('depmod', ['-b', `${root}/usr`, version])
    await packLayer(run, outputs.modules, root, ['usr/lib/modules'], epoch)
    await copyFile(`${root}/boot/vmlinuz-${version}`, outputs.linux)
    await copyFile(`${root}/bin/busybox`, outputs.busybox)
    await copyFile(`${root}/usr/lib/systemd/boot/efi/linuxx64.efi.stub`, outputs.stub)
  },
})

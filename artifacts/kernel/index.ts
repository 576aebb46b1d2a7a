// The artifact `kernel`: Linux with its configuration and modules.
import { copyFile, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, internal } from 'lbuild'
import { unpackKernel } from 'lbuild/debian/kernel'
import { packLayer } from 'lbuild/images/layers'
import { kernelPackages } from './lock.ts'

/** Debian's build of Linux, unpacked from its package. An artifact that compiles Linux could replace it. */
export const kernel = artifact('kernel', {
  describe: "Debian's kernel, its configuration and all its modules",
  inputs: { packages: kernelPackages.downloads() },
  tools: ['dpkg-deb', 'depmod', 'tar', 'zstd'],
  outputs: { vmlinuz: 'vmlinuz', config: 'kernel.config', modules: internal('modules-all.tar.zst') },
  async produce({ inputs, outputs, run, scratch, epoch, log }) {
    const { version, vmlinuz, config, modules } = await unpackKernel(
      run,
      inputs.packages,
      join(scratch, 'package'),
    )
    log(`Linux ${version}`)
    const root = join(scratch, 'modules')
    await mkdir(join(root, 'usr/lib'), { recursive: true })
    await rename(modules, join(root, 'usr/lib/modules'))
    await run('depmod', ['-b', join(root, 'usr'), version])
    const tar = join(scratch, 'modules.tar')
    await packLayer(run, tar, root, ['usr/lib/modules'], epoch)
    // The output of zstd depends on whether it has workers, but not on how many: two are right for every host.
    await run('zstd', ['-q', '-f', '-1', '-T2', tar, '-o', outputs.modules])
    await Promise.all([copyFile(vmlinuz, outputs.vmlinuz), copyFile(config, outputs.config)])
  },
})

import { copyFile, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, internal } from 'lbuild'
import { packLayer } from 'lbuild/images/layers'
import { kernelPackages } from './lock.ts'
import { unpackKernel } from 'lbuild/debian/kernel'

/** Linux as Debian builds it: taken from its package, never installed. A kernel from source has the same outputs. */
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
    // Two workers whatever the host has: zstd's output depends on whether there are any, not on how many cores.
    await run('zstd', ['-q', '-f', '-1', '-T2', tar, '-o', outputs.modules])
    await Promise.all([copyFile(vmlinuz, outputs.vmlinuz), copyFile(config, outputs.config)])
  },
})

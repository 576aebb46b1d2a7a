import { lstat, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, internal, size, text } from 'lbuild'
import { ImageError } from 'lbuild/images/error'
import { ext4Tools, makeExt4 } from 'lbuild/images/ext4'
import { fatTools, makeFat } from 'lbuild/images/fat'
import { writeGpt } from 'lbuild/images/gpt'
import { clampTimes, extractLayers, layerTools } from 'lbuild/images/layers'
import { convertToQcow2 } from 'lbuild/images/qcow2'
import { base } from '../base/index.ts'
import { initramfs } from '../initramfs/index.ts'
import { kernel } from '../kernel/index.ts'
import { loaders } from '../loaders/index.ts'
import { modules } from '../modules/index.ts'
import { espFiles, fstab } from './boot.ts'
import { inspectDisk, inspectTools } from './inspect.ts'
import { IDS, layOut } from './layout.ts'

/**
 * A virtual machine's disk without what is the distro's own: GPT, an EFI system partition with systemd-boot, and the
 * base system on ext4. It is an artifact of its own so that an edit of the overlay is written into it, and nothing else.
 */
export const disk = artifact('disk', {
  describe: 'the disk with the base system, before the overlay',
  inputs: {
    base: base.output('tar'),
    modules: modules.output('tar'),
    vmlinuz: kernel.output('vmlinuz'),
    initramfs: initramfs.output('installed'),
    systemdBoot: loaders.output('systemdBoot'),
  },
  params: {
    diskSize: size('256G', 'the size of the disk; its image holds only what is used', '2G'),
    title: text('LevitateOS', 'the title of the boot entry'),
    consoles: text(
      'console=ttyS0,115200 console=tty0',
      'where the kernel talks; the last one is /dev/console',
    ),
  },
  tools: [...layerTools, ...fatTools, ...ext4Tools, ...inspectTools, 'qemu-img'],
  outputs: { image: internal('disk.qcow2') },
  async produce({ inputs, params, outputs, run, work, scratch, epoch }) {
    const tars = [inputs.base, inputs.modules]
    const layout = await layOut(params.diskSize, tars)
    const raw = join(scratch, 'disk.raw')
    const tree = join(scratch, 'tree')
    const files = espFiles(inputs, params.title, params.consoles)
    const makeTree = async () => {
      await extractLayers(run, tars, tree, epoch)
      await writeFstab(tree)
      await clampTimes(run, join(tree, 'etc'), epoch)
    }
    const makeEsp = async () => {
      await writeFile(raw, '')
      await truncate(raw, layout.size)
      await writeGpt(run, raw, layout)
      const { offset, size: espSize } = layout.esp
      const fat = { bits: 32, label: 'ESP', volumeId: IDS.espVolume, files } as const
      await makeFat(run, { image: raw, offset, size: espSize, ...fat, epoch, scratch })
    }
    await Promise.all([makeTree(), makeEsp()])
    await makeExt4(run, {
      image: raw,
      ...layout.root,
      label: 'root',
      uuid: IDS.rootFileSystem,
      hashSeed: IDS.hashSeed,
      tree,
      epoch,
      work,
    })
    // the disk is read back while it is converted, on the other core
    await Promise.all([
      convertToQcow2(run, raw, outputs.image, 'none'),
      inspectDisk(run, raw, layout, files, tree, scratch),
    ])
  },
})

/** Writes the file system table of the disk. Throws an ImageError when the image's /etc is no directory. */
async function writeFstab(tree: string): Promise<void> {
  if (!(await lstat(join(tree, 'etc'))).isDirectory())
    throw new ImageError('/etc of the image is no directory')
  await rm(join(tree, 'etc/fstab'), { force: true })
  await writeFile(join(tree, 'etc/fstab'), fstab)
}

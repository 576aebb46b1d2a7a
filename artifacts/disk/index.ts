// The artifact `disk`: the installed disk before the overlay.
import { lstat, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, Failure, internal, size, text } from 'lbuild'
import { checkDisk, diskCheckTools } from 'lbuild/images/diskCheck'
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
import { IDS, layOut } from './layout.ts'

/** Files whose content, mode or owner decides who may log in, and what is mounted. */
const SENSITIVE_FILES = ['/etc/fstab', '/etc/machine-id', '/etc/shadow']

/**
 * The disk of a virtual machine without the overlay: GPT, an EFI system partition with systemd-boot, and the base system
 * on ext4. Because it is an artifact of its own, an edit of the overlay only rewrites the overlay.
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
    diskSize: size('256G', 'the size of the disk; the image file contains only the used part', '2G'),
    title: text('LevitateOS', 'the title of the boot entry'),
    consoles: text(
      'console=ttyS0,115200 console=tty0',
      'the consoles on the kernel command line; the last one is /dev/console',
    ),
  },
  tools: [...layerTools, ...fatTools, ...ext4Tools, ...diskCheckTools, 'qemu-img'],
  outputs: { image: internal('disk.qcow2') },
  async produce({ inputs, params, outputs, run, work, scratch, epoch }) {
    const tars = [inputs.base, inputs.modules]
    const layout = await layOut(params.diskSize, tars)
    const image = join(scratch, 'disk.raw')
    const tree = join(scratch, 'tree')
    const files = espFiles(inputs, params.title, params.consoles)
    const makeTree = async () => {
      await extractLayers(run, tars, tree, epoch)
      await writeFstab(tree)
      await clampTimes(run, join(tree, 'etc'), epoch)
    }
    const makeEsp = async () => {
      await writeFile(image, '')
      await truncate(image, layout.size)
      await writeGpt(run, image, layout)
      const fat = { bits: 32, label: 'ESP', volumeId: IDS.espVolume, files } as const
      await makeFat(run, { image, ...layout.esp, ...fat, epoch, scratch })
    }
    await Promise.all([makeTree(), makeEsp()])
    await makeExt4(run, {
      image,
      ...layout.root,
      label: 'root',
      uuid: IDS.rootFileSystem,
      hashSeed: IDS.hashSeed,
      tree,
      epoch,
      work,
    })
    // One core reads the disk back while the other converts it.
    await Promise.all([
      convertToQcow2(run, image, outputs.image, 'none'),
      checkDisk(run, { image, layout, files, tree, paths: SENSITIVE_FILES, scratch }),
    ])
  },
})

/** Writes /etc/fstab. Throws a Failure when /etc is not a directory, because a link could lead out of the tree. */
async function writeFstab(tree: string): Promise<void> {
  if (!(await lstat(join(tree, 'etc'))).isDirectory())
    throw new Failure('/etc of the image is not a directory')
  await rm(join(tree, 'etc/fstab'), { force: true })
  await writeFile(join(tree, 'etc/fstab'), fstab)
}

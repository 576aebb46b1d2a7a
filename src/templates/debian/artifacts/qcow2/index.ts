// The artifact `qcow2`: the disk of a virtual machine with the installed system.
import { truncate, writeFile } from 'node:fs/promises'
import { artifact, choice, file, size, text } from 'lbuild'
import { layOutDisk } from 'lbuild/images/diskLayout'
import { ext4Tools, makeExt4 } from 'lbuild/images/ext4'
import { fatTools, makeFat } from 'lbuild/images/fat'
import { writeGpt } from 'lbuild/images/gpt'
import { extractLayers, layerTools } from 'lbuild/images/layers'
import { checkQcow2, convertToQcow2 } from 'lbuild/images/qcow2'
import { readUki } from 'lbuild/images/uki'
import { base } from '../base/index.ts'
import { initramfs } from '../initramfs/index.ts'
import { kernel } from '../kernel/index.ts'
import { overlay } from '../overlay/index.ts'
import { IDS } from './ids.ts'

const ESP_SIZE = 512 * 2 ** 20

/** A disk that boots by UEFI: a unified kernel image on the EFI system partition, and the system on ext4. */
export const qcow2 = artifact('qcow2', {
  describe: 'the installed system as a disk image',
  inputs: {
    base: base.output('tar'),
    modules: kernel.output('modules'),
    overlay: overlay.output('tar'),
    linux: kernel.output('linux'),
    stub: kernel.output('stub'),
    initrd: initramfs.output('image'),
    osRelease: file('artifacts/overlay/files/usr/lib/os-release'),
  },
  params: {
    diskSize: size('16G', 'the size of the disk; the image file contains only the used part', '2G'),
    consoles: text(
      'console=tty0 console=ttyS0,115200',
      'the consoles of the kernel; the last one is /dev/console',
    ),
    compression: choice(
      ['zstd', 'zlib', 'none'],
      'zstd',
      'the compression of the image; none builds quickly',
    ),
  },
  tools: [...layerTools, ...fatTools, ...ext4Tools, 'sfdisk', 'qemu-img'],
  outputs: { image: 'mydistro.qcow2' },
  async produce({ inputs, params, outputs, run, work, scratch, epoch }) {
    const [tree, image] = [`${scratch}/tree`, `${scratch}/disk.raw`]
    await extractLayers(run, [inputs.base, inputs.modules, inputs.overlay], tree, epoch)
    const uki = await readUki(inputs, `root=UUID=${IDS.rootFileSystem} ${params.consoles}`)

    const uuids = { disk: IDS.disk, esp: IDS.espPartition, root: IDS.rootPartition }
    const layout = layOutDisk({ size: params.diskSize, espSize: ESP_SIZE, uuids })
    await writeFile(image, '')
    await truncate(image, layout.size)
    await writeGpt(run, image, layout)
    const files = [{ path: 'EFI/BOOT/BOOTX64.EFI', source: uki }]
    const fat = { bits: 32, label: 'ESP', volumeId: IDS.espVolume, files } as const
    await makeFat(run, { image, ...layout.esp, ...fat, epoch, scratch })
    const ext4 = { label: 'root', uuid: IDS.rootFileSystem, hashSeed: IDS.hashSeed }
    await makeExt4(run, { image, ...layout.root, ...ext4, tree, epoch, work })
    await convertToQcow2(run, image, outputs.image, params.compression)
  },
  async verify({ outputs, run }) {
    await checkQcow2(run, outputs.image)
  },
})

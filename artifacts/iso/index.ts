import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { artifact, file, text } from 'lbuild'
import { fatSizeFor, fatTools, makeFat } from 'lbuild/images/fat'
import { deriveUuid, deriveVolumeId } from 'lbuild/images/ids'
import { makeIso } from 'lbuild/images/iso'
import { makeUki } from 'lbuild/images/uki'
import { initramfs } from '../initramfs/index.ts'
import { kernel } from '../kernel/index.ts'
import { loaders } from '../loaders/index.ts'
import { rootfs } from '../rootfs/index.ts'
import { commandLine, isolinuxConfig } from './commandLine.ts'
import { inspectIso } from './inspect.ts'

const NAMESPACE = 'levitateos/iso'

/** The live medium: boots from a CD and from a USB stick, by UEFI (a unified kernel image) and by BIOS (isolinux). */
export const iso = artifact('iso', {
  describe: 'the live system as an ISO',
  inputs: {
    rootfs: rootfs.output('image'),
    vmlinuz: kernel.output('vmlinuz'),
    initramfs: initramfs.output('live'),
    stub: loaders.output('stub'),
    isolinux: loaders.output('isolinux'),
    ldlinux: loaders.output('ldlinux'),
    isohdpfx: loaders.output('isohdpfx'),
    osRelease: file('artifacts/overlay/files/usr/lib/os-release'),
  },
  params: {
    isoLabel: text('LEVITATEOS', 'the label of the ISO: capitals, digits and _'),
    consoles: text(
      'console=ttyS0,115200 console=tty0',
      'where the kernel talks; the last one is /dev/console',
    ),
  },
  tools: [...fatTools, 'xorriso'],
  outputs: { image: 'levitateos.iso', checksum: 'levitateos.iso.sha512' },
  async produce({ inputs, params, outputs, run, scratch, epoch }) {
    const line = commandLine(params.isoLabel, epoch, params.consoles)
    const [stub, osRelease, initrd, linux] = await Promise.all(
      [inputs.stub, inputs.osRelease, inputs.initramfs, inputs.vmlinuz].map((path) => readFile(path)),
    )
    const uki = makeUki({
      stub: stub!,
      osRelease: osRelease!,
      commandLine: line,
      initrd: initrd!,
      linux: linux!,
    })
    const esp = join(scratch, 'esp.img')
    const size = fatSizeFor([uki.length])
    await writeFile(esp, '')
    await truncate(esp, size)
    await makeFat(run, {
      image: esp,
      offset: 0,
      size,
      bits: 16,
      label: 'ESP',
      volumeId: deriveVolumeId(NAMESPACE, 'esp'),
      epoch,
      scratch,
      files: [{ path: 'EFI/BOOT/BOOTX64.EFI', source: uki }],
    })
    const config = join(scratch, 'isolinux.cfg')
    await writeFile(config, isolinuxConfig(line))
    const files = [
      { path: 'boot/initramfs.img', source: inputs.initramfs },
      { path: 'boot/vmlinuz', source: inputs.vmlinuz },
      { path: 'isolinux/isolinux.bin', source: inputs.isolinux },
      { path: 'isolinux/isolinux.cfg', source: config },
      { path: 'isolinux/ldlinux.c32', source: inputs.ldlinux },
      { path: 'live/rootfs.erofs', source: inputs.rootfs },
    ]
    await makeIso(run, {
      image: outputs.image,
      label: params.isoLabel,
      files,
      esp,
      mbr: inputs.isohdpfx,
      biosLoader: 'isolinux/isolinux.bin',
      epoch,
      diskGuid: deriveUuid(NAMESPACE, 'disk').replaceAll('-', ''),
    })
    const hash = createHash('sha512')
    await Promise.all([
      pipeline(createReadStream(outputs.image, { highWaterMark: 2 ** 20 }), hash),
      inspectIso(run, outputs.image, { label: params.isoLabel, files, uki, scratch }),
    ])
    await writeFile(outputs.checksum, `${hash.digest('hex')}  levitateos.iso\n`)
  },
  async verify({ outputs, inputs }) {
    const [image, content] = await Promise.all([stat(outputs.image), stat(inputs.rootfs)])
    if (image.size < content.size) throw new Error('the ISO is smaller than what it is to hold')
  },
})

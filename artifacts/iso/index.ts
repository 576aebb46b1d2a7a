// The artifact `iso`: the live system.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { artifact, file, text } from 'lbuild'
import { fatSizeFor, fatTools, makeFat } from 'lbuild/images/fat'
import { deriveUuid, deriveVolumeId } from 'lbuild/images/uuids'
import { makeIso } from 'lbuild/images/iso'
import { checkIso } from 'lbuild/images/isoCheck'
import { readUki } from 'lbuild/images/uki'
import { initramfs } from '../initramfs/index.ts'
import { kernel } from '../kernel/index.ts'
import { loaders } from '../loaders/index.ts'
import { rootfs } from '../rootfs/index.ts'
import { BIOS_LOADER, commandLine, isoFiles, isolinuxConfig } from './contents.ts'

const NAMESPACE = 'levitateos/iso'

/** The live medium: boots from a CD and from a USB stick, by UEFI (a unified kernel image) and by BIOS (isolinux). */
export const iso = artifact('iso', {
  describe: 'the live system as an ISO',
  inputs: {
    rootfs: rootfs.output('image'),
    linux: kernel.output('vmlinuz'),
    initrd: initramfs.output('live'),
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
      'the consoles of the kernel; the last one is /dev/console',
    ),
  },
  tools: [...fatTools, 'xorriso'],
  outputs: { image: 'levitateos.iso', checksum: 'levitateos.iso.sha512' },
  async produce({ inputs, params, outputs, run, scratch, epoch }) {
    const line = commandLine(params.isoLabel, epoch, params.consoles)
    const uki = await readUki(inputs, line)
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
      files: [{ path: 'EFI/BOOT/BOOTX64.EFI', source: uki }],
      epoch,
      scratch,
    })
    const config = join(scratch, 'isolinux.cfg')
    await writeFile(config, isolinuxConfig(line))
    await makeIso(run, {
      image: outputs.image,
      label: params.isoLabel,
      diskGuid: deriveUuid(NAMESPACE, 'disk').replaceAll('-', ''),
      files: isoFiles(inputs, config),
      esp,
      mbr: inputs.isohdpfx,
      biosLoader: BIOS_LOADER,
      epoch,
    })
    const hash = createHash('sha512')
    await pipeline(createReadStream(outputs.image, { highWaterMark: 2 ** 20 }), hash)
    await writeFile(outputs.checksum, `${hash.digest('hex')}  levitateos.iso\n`)
  },
  async verify({ inputs, params, outputs, run, scratch, epoch }) {
    await checkIso(run, outputs.image, {
      label: params.isoLabel,
      files: isoFiles(inputs, join(scratch, 'isolinux.cfg')),
      biosLoader: BIOS_LOADER,
      uefiLoader: await readUki(inputs, commandLine(params.isoLabel, epoch, params.consoles)),
      scratch,
    })
  },
})

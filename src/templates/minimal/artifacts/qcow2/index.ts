// The artifact `qcow2`: a disk image that boots by UEFI.
import { artifact, file, text } from 'lbuild'
import { efiDiskTools, makeEfiDisk } from 'lbuild/images/efiDisk'
import { convertToQcow2 } from 'lbuild/images/qcow2'
import { readUki } from 'lbuild/images/uki'
import { base } from '../base/index.ts'
import { initramfs } from '../initramfs/index.ts'

export const qcow2 = artifact('qcow2', {
  describe: 'a disk image that boots by UEFI',
  inputs: {
    linux: base.output('linux'),
    stub: base.output('stub'),
    initrd: initramfs.output('image'),
    osRelease: file('artifacts/initramfs/files/etc/os-release'),
  },
  params: { commandLine: text('console=tty0 console=ttyS0,115200', 'the command line of the kernel') },
  tools: [...efiDiskTools, 'qemu-img'],
  outputs: { image: 'mydistro.qcow2' },
  async produce({ inputs, params, outputs, run, scratch, epoch }) {
    const disk = `${scratch}/disk.raw`
    const program = await readUki(inputs, params.commandLine)
    await makeEfiDisk(run, { image: disk, program, namespace: 'mydistro', epoch, scratch })
    await convertToQcow2(run, disk, outputs.image, 'zstd')
  },
})

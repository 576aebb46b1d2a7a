// The artifact `initramfs`: the whole system, which the kernel unpacks into memory.
import { writeFile } from 'node:fs/promises'
import { artifact, internal, tree } from 'lbuild'
import { fileMember, packInitramfs, treeMembers } from 'lbuild/images/initramfs'
import { base } from '../base/index.ts'

export const initramfs = artifact('initramfs', {
  describe: 'busybox and the files of artifacts/initramfs/files',
  inputs: { busybox: base.output('busybox'), files: tree('artifacts/initramfs/files') },
  outputs: { image: internal('initramfs.cpio') },
  async produce({ inputs, outputs, epoch }) {
    const busybox = await fileMember('bin/busybox', inputs.busybox, 0o755)
    await writeFile(outputs.image, packInitramfs([busybox, ...(await treeMembers(inputs.files))], epoch))
  },
})

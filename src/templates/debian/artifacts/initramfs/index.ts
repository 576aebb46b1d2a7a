// The artifact `initramfs`: finds the disk and starts the system on it.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { artifact, file, internal } from 'lbuild'
import { fileMember, initramfsModules, packInitramfs, textMember } from 'lbuild/images/initramfs'
import { oneKernelVersion, parseList } from 'lbuild/images/kernelModules'
import { kernel } from '../kernel/index.ts'

export const initramfs = artifact('initramfs', {
  describe: 'finds the disk and starts the system on it',
  inputs: {
    busybox: kernel.output('busybox'),
    modules: kernel.output('modules'),
    init: file('artifacts/initramfs/init'),
    list: file('artifacts/initramfs/modules.list'),
  },
  tools: ['tar'],
  outputs: { image: internal('initramfs.cpio') },
  async produce({ inputs, outputs, run, scratch, epoch }) {
    const root = `${scratch}/root`
    await mkdir(root)
    await run('tar', [`--directory=${root}`, '--extract', `--file=${inputs.modules}`])
    const directory = `${root}/usr/lib/modules`
    const version = oneKernelVersion(await readdir(directory))
    const list = parseList(await readFile(inputs.list, 'utf8'))
    const { load, members } = await initramfsModules(directory, version, list)
    const files = [
      await fileMember('init', inputs.init, 0o755),
      await fileMember('bin/busybox', inputs.busybox, 0o755),
      textMember('etc/modules', load.map((name) => `${name}\n`).join('')),
      ...members,
    ]
    await writeFile(outputs.image, packInitramfs(files, epoch))
  },
})

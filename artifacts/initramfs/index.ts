// The artifact `initramfs`: the initramfs of the live system, and that of an installed system.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, file, integer } from 'lbuild'
import { loaders } from '../loaders/index.ts'
import { modules } from '../modules/index.ts'
import { makeInitramfs } from './image.ts'

const here = (name: string) => file(`artifacts/initramfs/${name}`)

/** Two initramfs images, whose /init finds the system on the live medium or on an installed disk. */
export const initramfs = artifact('initramfs', {
  describe: 'the initramfs of the live system and of an installed one',
  inputs: {
    busybox: loaders.output('busybox'),
    modules: modules.output('tar'),
    common: here('common.sh'),
    liveInit: here('init-live'),
    liveModules: here('live.modules'),
    installedInit: here('init-installed'),
    installedModules: here('installed.modules'),
  },
  params: {
    compressionLevel: integer(19, 'the zstd level of the initramfs: 1 builds quickly, 19 makes it smallest'),
  },
  tools: ['tar', 'zstd'],
  outputs: { live: 'initramfs-live.img', installed: 'initramfs-installed.img' },
  async produce({ inputs, params, outputs, run, scratch, epoch }) {
    const root = join(scratch, 'root')
    await mkdir(root)
    await run('tar', [`--directory=${root}`, '--extract', `--file=${inputs.modules}`])
    const { busybox, common } = inputs
    const directory = join(root, 'usr/lib/modules')
    const make = async (name: 'live' | 'installed') => {
      const [init, list] = [inputs[`${name}Init`], inputs[`${name}Modules`]]
      const cpio = join(scratch, `${name}.cpio`)
      await writeFile(cpio, await makeInitramfs({ init, list, busybox, common, modules: directory }, epoch))
      await run('zstd', ['-q', '-f', `-${params.compressionLevel}`, '-T1', cpio, '-o', outputs[name]])
    }
    await Promise.all([make('live'), make('installed')])
  },
})

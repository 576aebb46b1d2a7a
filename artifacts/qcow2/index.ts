// The artifact `qcow2`: the disk of a virtual machine with the installed system.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, choice, Failure } from 'lbuild'
import { layOverExt4 } from 'lbuild/images/ext4Layer'
import { extractLayers, layerTools } from 'lbuild/images/layers'
import { checkQcow2, convertToQcow2, convertToRaw, readQcow2Info } from 'lbuild/images/qcow2'
import { disk } from '../disk/index.ts'
import { ROOT_OFFSET } from '../disk/layout.ts'
import { overlay } from '../overlay/index.ts'
import { checkSystem, checkTools } from './check.ts'

/** The installed system as a disk image: the disk with the base system, with the overlay written into it. */
export const qcow2 = artifact('qcow2', {
  describe: 'the installed system as a disk image',
  inputs: { disk: disk.output('image'), overlay: overlay.output('tar') },
  params: {
    qcow2Compression: choice(
      ['zstd', 'zlib', 'none'],
      'zstd',
      'the compression of the image; none builds quickly',
    ),
  },
  tools: [...layerTools, ...checkTools, { name: 'qemu-img', atLeast: '5.1' }],
  outputs: { image: 'levitateos.qcow2' },
  async produce({ inputs, params, outputs, run, work, scratch, epoch }) {
    const raw = join(scratch, 'disk.raw')
    const tree = join(scratch, 'tree')
    await Promise.all([
      convertToRaw(run, inputs.disk, raw),
      extractLayers(run, [inputs.overlay], tree, epoch),
    ])
    // The disk has its own fstab.
    await rm(join(tree, 'etc/fstab'), { force: true })
    const root = { image: raw, offset: ROOT_OFFSET, tree }
    await layOverExt4(run, { ...root, epoch, work })
    // One core reads the disk back while the other compresses it.
    await Promise.all([
      convertToQcow2(run, raw, outputs.image, params.qcow2Compression),
      checkSystem(run, { ...root, scratch }),
    ])
  },
  async verify({ inputs, outputs, run }) {
    const [info, before] = await Promise.all([
      readQcow2Info(run, outputs.image),
      readQcow2Info(run, inputs.disk),
      checkQcow2(run, outputs.image),
    ])
    const expected = before.virtualSize
    if (info.format !== 'qcow2' || info.virtualSize !== expected || info.backingFile !== undefined)
      throw new Failure('the qcow2 image differs from its disk', {
        facts: [
          ['expected size', `${expected} bytes`],
          ['found size', `${info.virtualSize} bytes`],
          ['format', info.format],
        ],
      })
  },
})

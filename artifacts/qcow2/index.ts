import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { artifact, choice } from 'lbuild'
import { ImageError } from 'lbuild/images/error'
import { layOverExt4 } from 'lbuild/images/ext4Layer'
import { extractLayers, layerTools } from 'lbuild/images/layers'
import { checkQcow2, convertToQcow2, convertToRaw, readQcow2Info } from 'lbuild/images/qcow2'
import { disk } from '../disk/index.ts'
import { ROOT_OFFSET } from '../disk/layout.ts'
import { overlay } from '../overlay/index.ts'
import { inspectSystem, inspectTools } from './inspect.ts'

/** The installed system as a virtual machine's disk: the overlay, written into the disk with the base system. */
export const qcow2 = artifact('qcow2', {
  describe: 'the installed system as a disk image',
  inputs: { disk: disk.output('image'), overlay: overlay.output('tar') },
  params: {
    qcow2Compression: choice(
      ['zstd', 'zlib', 'none'],
      'zstd',
      'how clusters are compressed; none is quick to build',
    ),
  },
  tools: [...layerTools, ...inspectTools, { name: 'qemu-img', atLeast: '5.1' }],
  outputs: { image: 'levitateos.qcow2' },
  async produce({ inputs, params, outputs, run, work, scratch, epoch }) {
    const raw = join(scratch, 'disk.raw')
    const tree = join(scratch, 'tree')
    await Promise.all([
      convertToRaw(run, inputs.disk, raw),
      extractLayers(run, [inputs.overlay], tree, epoch),
    ])
    // the disk has its own
    await rm(join(tree, 'etc/fstab'), { force: true })
    const root = { image: raw, offset: ROOT_OFFSET, tree }
    await layOverExt4(run, { ...root, epoch, work })
    // the disk is read back while it is compressed, on the other core
    await Promise.all([
      convertToQcow2(run, raw, outputs.image, params.qcow2Compression),
      inspectSystem(run, { ...root, scratch }),
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
      throw new ImageError('the image is not the disk that was asked for', {
        'expected size': expected,
        'found size': info.virtualSize,
        format: info.format,
      })
  },
})

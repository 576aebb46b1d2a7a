// The artifact `rootfs`: the system as an EROFS image.
import { join } from 'node:path'
import { artifact, choice } from 'lbuild'
import { makeErofs } from 'lbuild/images/erofs'
import { deriveUuid } from 'lbuild/images/uuids'
import { extractLayers, layerTools } from 'lbuild/images/layers'
import { base } from '../base/index.ts'
import { modules } from '../modules/index.ts'
import { overlay } from '../overlay/index.ts'

/** The whole system as one read-only file system. */
export const rootfs = artifact('rootfs', {
  describe: 'the system as an EROFS image',
  inputs: { base: base.output('tar'), modules: modules.output('tar'), overlay: overlay.output('tar') },
  params: {
    erofsCompression: choice(['lz4hc', 'lz4', 'none'], 'lz4hc', 'lz4hc is small, lz4 builds quickly'),
  },
  tools: [...layerTools, 'mkfs.erofs', 'fsck.erofs'],
  outputs: { image: 'rootfs.erofs' },
  async produce({ inputs, params, outputs, run, scratch, epoch }) {
    const tree = join(scratch, 'tree')
    await extractLayers(run, [inputs.base, inputs.modules, inputs.overlay], tree, epoch)
    const uuid = deriveUuid('levitateos', 'rootfs')
    await makeErofs(run, { image: outputs.image, tree, uuid, compression: params.erofsCompression, epoch })
  },
  async verify({ outputs, run }) {
    await run('fsck.erofs', [outputs.image])
  },
})

import { file, lockfile } from 'lbuild'
import { aptParams, aptMirrorParams, aptTools, resolvePackages } from 'lbuild/debian/apt'
import { archiveOf, mirrorsFor } from 'lbuild/debian/sources'

/** The kernel's package, and the one that names it; what else they ask for has no place in an image. */
export const kernelPackages = lockfile('kernel', {
  path: 'artifacts/kernel/kernel.lock',
  inputs: { list: file('artifacts/kernel/kernel.list') },
  params: aptParams,
  mirrorParams: aptMirrorParams,
  tools: aptTools,
  resolve: (context) =>
    resolvePackages(context, { list: context.inputs.list, keep: (name) => name.startsWith('linux-image-') }),
  mirrors: (params, { path }) => mirrorsFor(params.mirror, archiveOf(path)),
})

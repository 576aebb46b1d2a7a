import { file, lockfile } from 'lbuild'
import { aptParams, aptMirrorParams, aptTools, resolvePackages } from 'lbuild/debian/apt'
import { mirrorsFor, archiveOf } from 'lbuild/debian/sources'

/** The packages of the base system, with all that they need. */
export const packages = lockfile('packages', {
  path: 'artifacts/packages/packages.lock',
  inputs: { list: file('artifacts/packages/packages.list') },
  params: aptParams,
  mirrorParams: aptMirrorParams,
  tools: aptTools,
  resolve: (context) =>
    resolvePackages(context, {
      list: context.inputs.list,
      also: ['?essential', '?priority(required)', 'apt'],
      keep: () => true,
    }),
  mirrors: (params, { path }) => mirrorsFor(params.mirror, archiveOf(path)),
})

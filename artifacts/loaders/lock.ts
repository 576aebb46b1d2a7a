import { readFile } from 'node:fs/promises'
import { file, lockfile } from 'lbuild'
import { parseList } from 'lbuild/images/modules'
import { aptParams, aptMirrorParams, aptTools, resolvePackages } from 'lbuild/debian/apt'
import { archiveOf, mirrorsFor } from 'lbuild/debian/sources'

/** The packages that boot loaders and busybox are taken from. */
export const loaderPackages = lockfile('loaders', {
  path: 'artifacts/loaders/loaders.lock',
  inputs: { list: file('artifacts/loaders/loaders.list') },
  params: aptParams,
  mirrorParams: aptMirrorParams,
  tools: aptTools,
  async resolve(context) {
    const names = new Set(parseList(await readFile(context.inputs.list, 'utf8')))
    return resolvePackages(context, { list: context.inputs.list, keep: (name) => names.has(name) })
  },
  mirrors: (params, { path }) => mirrorsFor(params.mirror, archiveOf(path)),
})

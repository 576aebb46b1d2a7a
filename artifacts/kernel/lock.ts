// The lockfile `kernel`: the package of the kernel.
import { aptLockfile } from 'lbuild/debian/lockfile'

/** The package of the kernel and the metapackage that selects it, without their dependencies. */
export const kernelPackages = aptLockfile('kernel', {
  path: 'artifacts/kernel/kernel.lock',
  list: 'artifacts/kernel/kernel.list',
  keep: (name) => name.startsWith('linux-image-'),
})

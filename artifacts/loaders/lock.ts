// The lockfile `loaders`: the packages of the boot loaders and busybox.
import { aptLockfile } from 'lbuild/debian/lockfile'

/** The listed packages alone, without their dependencies. */
export const loaderPackages = aptLockfile('loaders', {
  path: 'artifacts/loaders/loaders.lock',
  list: 'artifacts/loaders/loaders.list',
  keep: (name, listed) => listed.has(name),
})

// The lockfile `packages`: the Debian packages of the system.
import { aptLockfile } from 'lbuild/debian/lockfile'

/** The listed packages and everything that they depend on. */
export const packages = aptLockfile('packages', {
  path: 'artifacts/packages/packages.lock',
  list: 'artifacts/packages/packages.list',
  include: ['?essential', '?priority(required)', 'apt'],
})

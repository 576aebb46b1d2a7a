// The lockfile `packages`: the packages of the base system.
import { aptLockfile } from 'lbuild/debian/lockfile'

/** The packages of the base system and everything that they depend on. */
export const packages = aptLockfile('packages', {
  path: 'artifacts/packages/packages.lock',
  list: 'artifacts/packages/packages.list',
  include: ['?essential', '?priority(required)', 'apt'],
})

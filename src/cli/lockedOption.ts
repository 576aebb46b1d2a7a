// The option `--locked`, which forbids a build to resolve lockfiles.
import type { Locked } from '../executor/locked.ts'

/** The help of the two options. */
export const LOCKED_HELP = {
  locked:
    'fail if a lockfile is missing or outdated, instead of resolving it (default if the variable CI is set)',
  noLocked: 'resolve missing and outdated lockfiles even if the variable CI is set',
}

/** The values of CI that mean that it is not set. */
const UNSET = ['', '0', 'false']

/** Why a build may not resolve lockfiles; undefined if it may. `locked` is the value of the option, if it was given. */
export function lockedBy(locked: boolean | undefined): { readonly locked?: Locked } {
  if (locked !== undefined) return locked ? { locked: 'option' } : {}
  return UNSET.includes(process.env.CI ?? '') ? {} : { locked: 'CI' }
}

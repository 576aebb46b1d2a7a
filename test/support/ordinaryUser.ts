// The ordinary user as whom root runs some tests.
import { execFileSync, spawnSync } from 'node:child_process'

/** The name of the user. useradd(8) also gives it ids to map into a namespace (subuid(5)). */
export const ORDINARY_USER = 'lbuild-test'

const isRoot = process.geteuid?.() === 0

/** The id of the user, which is also the id of its group; undefined if the tests do not run as root. */
export function ordinaryUser(): number | undefined {
  return isRoot ? Number(execFileSync('id', ['-u', ORDINARY_USER], { encoding: 'utf8' })) : undefined
}

/** Creates the user before the first test if root runs the tests. */
export default function setup(): void {
  if (isRoot && spawnSync('id', ['-u', ORDINARY_USER]).status !== 0)
    execFileSync('useradd', ['--create-home', ORDINARY_USER])
}

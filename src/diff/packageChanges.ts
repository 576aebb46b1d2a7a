import type { LockedFile } from '../api/lockfile.ts'
import { byBytes } from '../platform/bytes.ts'
import type { PackageChanges } from '../planner/evidence.ts'

/** Compares two lists of a lock by the packages that they name. A package that has other bytes in one version counts as changed. */
export function packageChanges(before: readonly LockedFile[], now: readonly LockedFile[]): PackageChanges {
  const old = new Map(before.map((file) => [nameOf(file), file]))
  const current = new Map(now.map((file) => [nameOf(file), file]))
  const named = ([name, { version }]: [string, LockedFile]): { name: string; version: string } => ({
    name,
    version,
  })
  return {
    added: [...current]
      .filter(([name]) => !old.has(name))
      .map(named)
      .sort(byName),
    removed: [...old]
      .filter(([name]) => !current.has(name))
      .map(named)
      .sort(byName),
    changed: [...current]
      .flatMap(([name, file]) => {
        const former = old.get(name)
        if (!former || former.sha256 === file.sha256) return []
        return [{ name, before: former.version, now: file.version }]
      })
      .sort(byName),
  }
}

/** The first word of what a file is a version of; the file's own name where that is empty. */
const nameOf = (file: LockedFile): string => file.package.split(' ')[0] || file.name

const byName = (a: { name: string }, b: { name: string }): number => byBytes(a.name, b.name)

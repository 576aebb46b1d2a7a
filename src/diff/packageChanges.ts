// Compares two lists of downloads by the packages that they contain.
import type { LockedFile } from '../api/lockfile.ts'
import { byBytes } from '../platform/rawPath.ts'
import type { PackageChanges } from '../planner/evidence.ts'

/** Compares the files of a lockfile by package. A package whose bytes differ is changed, even if its version is the same. */
export function packageChanges(before: readonly LockedFile[], now: readonly LockedFile[]): PackageChanges {
  const old = new Map(before.map((file) => [packageName(file), file]))
  const current = new Map(now.map((file) => [packageName(file), file]))
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

/** The name of a package is the first word of `package`; if that is empty, the name of the file. */
const packageName = (file: LockedFile): string => file.package.split(' ')[0] || file.name

const byName = (a: { name: string }, b: { name: string }): number => byBytes(a.name, b.name)

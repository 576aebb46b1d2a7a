// Lists the directories to watch, and identifies each, so that a replaced directory is noticed.
import { readdirSync, statSync } from 'node:fs'
import { fromRawPath, nativePath, toRawPath } from '../platform/rawPath.ts'
import type { RawPath } from '../platform/rawPath.ts'
import type { Sources } from './sources.ts'
import type { LeftOut } from './leftOut.ts'
import { directoriesAbove } from './sources.ts'

/** Directories by path, each with an identity that differs when another directory replaces it. */
export type Directories = ReadonlyMap<RawPath, string>

/**
 * Every directory in which a source may change: those above the sources, and all in their trees. Unreadable directories
 * are missing here; the build reports them. So are those that the trees leave out.
 */
export function directoriesOf(sources: Sources, root: string, leftOut: LeftOut = () => false): Directories {
  const found = new Map<RawPath, string>()
  const add = (path: RawPath): boolean => {
    const identity = identityOf(path)
    if (identity !== undefined) found.set(path, identity)
    return identity !== undefined
  }
  const visit = (path: RawPath): void => {
    if (found.has(path) && !above.has(path)) return
    if (!add(path)) return
    for (const name of subdirectories(path))
      if (!leftOut(fromRawPath(`${path}/${name}`), true)) visit(`${path}/${name}`)
  }
  const above = new Set(directoriesAbove(sources, root).map(toRawPath))
  for (const path of above) add(path)
  for (const tree of sources.trees) visit(toRawPath(tree))
  return found
}

/** Device, inode and birth time: inode numbers alone are soon reused. */
function identityOf(path: RawPath): string | undefined {
  try {
    const stat = statSync(nativePath(path), { bigint: true, throwIfNoEntry: false })
    return stat?.isDirectory() ? `${stat.dev}.${stat.ino}.${stat.birthtimeNs}` : undefined
  } catch {
    return undefined
  }
}

function subdirectories(path: RawPath): RawPath[] {
  try {
    return readdirSync(nativePath(path), { withFileTypes: true, encoding: 'latin1' })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

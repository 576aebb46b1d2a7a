import { readdirSync, statSync } from 'node:fs'
import { nativePath, toBytes } from '../platform/bytes.ts'
import type { Bytes } from '../platform/bytes.ts'
import type { Sources } from './sources.ts'
import { directoriesAbove } from './sources.ts'

/** Directories by path, each with what tells it from another one that comes to its place. */
export type Directories = ReadonlyMap<Bytes, string>

/**
 * Every directory in which something of some sources may change: those above them, and all in their trees. What cannot
 * be read is left out: a build says what is wrong with it.
 */
export function directoriesOf(sources: Sources, root: string): Directories {
  const found = new Map<Bytes, string>()
  const note = (path: Bytes): boolean => {
    const identity = identityOf(path)
    if (identity !== undefined) found.set(path, identity)
    return identity !== undefined
  }
  const visit = (path: Bytes): void => {
    if (found.has(path) && !above.has(path)) return
    if (!note(path)) return
    for (const name of subdirectories(path)) visit(`${path}/${name}`)
  }
  const above = new Set(directoriesAbove(sources, root).map(toBytes))
  for (const path of above) note(path)
  for (const tree of sources.trees) visit(toBytes(tree))
  return found
}

/** Numbers of inodes come again, in a moment even; with the time of birth they do not. */
function identityOf(path: Bytes): string | undefined {
  try {
    const stat = statSync(nativePath(path), { bigint: true, throwIfNoEntry: false })
    return stat?.isDirectory() ? `${stat.dev}.${stat.ino}.${stat.birthtimeNs}` : undefined
  } catch {
    return undefined
  }
}

function subdirectories(path: Bytes): Bytes[] {
  try {
    return readdirSync(nativePath(path), { withFileTypes: true, encoding: 'latin1' })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

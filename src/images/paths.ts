/**
 * Paths inside an image, resolved without leaving it.
 * @module lbuild/images/paths
 */
import { Failure } from '../api/index.ts'

/** The file, directory or link at a path of an image. */
export interface PathEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'other'
  /** The target of a symbolic link. */
  readonly target?: string
}

/**
 * Looks up an absolute, normalized path of an image; a symbolic link at the path itself is not followed. Undefined when
 * nothing is there.
 */
export type Lookup = (path: string) => PathEntry | undefined

/** The number of links that Linux follows in one path (MAXSYMLINKS, path_resolution(7)). */
const MAX_LINKS = 40

/**
 * Resolves a path as a process chrooted into the image would (path_resolution(7)): an absolute link starts at the
 * image's root, and `..` at the root stays there. Missing components are kept as written. The last component is
 * followed only with `followLast`.
 *
 * Throws a Failure when links loop, or when a component before the last is not a directory.
 */
export function resolveInRoot(lookup: Lookup, path: string, followLast = true): string {
  const pending = componentsOf(path).reverse()
  const resolved: string[] = []
  let links = 0
  for (let component = pending.pop(); component !== undefined; component = pending.pop()) {
    if (component === '.') continue
    if (component === '..') {
      resolved.pop()
      continue
    }
    const at = `/${[...resolved, component].join('/')}`
    const entry = lookup(at)
    if (entry?.type === 'symlink' && (pending.length > 0 || followLast)) {
      if (++links > MAX_LINKS)
        throw new Failure(`cannot resolve '${path}' in the image: its links loop`, { facts: [['at', at]] })
      const target = entry.target ?? ''
      if (target.startsWith('/')) resolved.length = 0
      pending.push(...componentsOf(target).reverse())
      continue
    }
    if (entry && entry.type !== 'directory' && pending.length > 0)
      throw new Failure(`cannot resolve '${path}' in the image: a component is not a directory`, {
        facts: [
          ['at', at],
          ['type', entry.type],
        ],
      })
    resolved.push(component)
  }
  return `/${resolved.join('/')}`
}

/** The components of a path. A trailing slash demands a directory, as `/.` does. */
const componentsOf = (path: string): string[] => path.replace(/\/$/, '/.').split('/').filter(Boolean)

/** The directory that contains a normalized absolute path; the root contains itself. */
export const parentPath = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

/** The last component of a path. */
export const lastComponent = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

import { ImageError } from './error.ts'

/** What lies at a path of an image. */
export interface Found {
  readonly type: 'file' | 'directory' | 'symlink' | 'other'
  /** Of a symbolic link: where it points. */
  readonly target?: string
}

/** Says what lies at a path of an image, itself not followed. Paths are absolute and normal. */
export type Lookup = (path: string) => Found | undefined

/** As many links as Linux follows in one path (MAXSYMLINKS, path_resolution(7)). */
const MAX_LINKS = 40

/**
 * Resolves a path as a process chrooted into the image would (path_resolution(7)): links are followed inside the
 * image, an absolute target starts at the image's root, and `..` at the root stays there. What does not exist is kept
 * as written. The last component is followed only when `followLast` is set.
 *
 * Throws an ImageError when links loop, or when the path goes through something that is no directory.
 */
export function resolveInRoot(lookup: Lookup, path: string, followLast = true): string {
  const pending = components(path).reverse()
  const done: string[] = []
  let links = 0
  while (pending.length > 0) {
    const component = pending.pop()!
    if (component === '.') continue
    if (component === '..') {
      done.pop()
      continue
    }
    const here = `/${[...done, component].join('/')}`
    const found = lookup(here)
    if (found?.type === 'symlink' && (pending.length > 0 || followLast)) {
      if (++links > MAX_LINKS)
        throw new ImageError(`the links of ${path} loop inside the image`, { at: here })
      const target = found.target ?? ''
      if (target.startsWith('/')) done.length = 0
      pending.push(...components(target).reverse())
      continue
    }
    if (found && found.type !== 'directory' && pending.length > 0)
      throw new ImageError(`${path} goes through something that is no directory`, {
        at: here,
        type: found.type,
      })
    done.push(component)
  }
  return `/${done.join('/')}`
}

/** The components of a path. A slash at the end asks for a directory, as `/.` does. */
const components = (path: string): string[] => path.replace(/\/$/, '/.').split('/').filter(Boolean)

/** The directory that holds a normal absolute path; the root holds itself. */
export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

/** The last component of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

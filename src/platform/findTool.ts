// Finds programs and identifies the host.
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The search path for tools, independent of the caller's PATH: on some distributions that has no sbin, where mke2fs,
 * sfdisk and depmod are.
 */
export const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** {@link SEARCH_PATH} with further directories before it. */
export const searchPath = (extra: readonly string[] = []): string => [...extra, SEARCH_PATH].join(':')

/** Whether a path leads to a regular file; false if it cannot be examined. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The absolute path of the first executable with that name on a search path. */
export function findTool(name: string, path = SEARCH_PATH): string | undefined {
  for (const folder of path.split(':')) {
    if (folder === '') continue
    const candidate = join(folder, name)
    if (isFile(candidate) && executable(candidate)) return candidate
  }
  return undefined
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The fields of /etc/os-release (os-release(5)), unquoted; empty if the file does not exist. */
export function osRelease(root = '/'): ReadonlyMap<string, string> {
  const path = ['etc/os-release', 'usr/lib/os-release'].map((name) => join(root, name)).find(isFile)
  if (path === undefined) return new Map()
  const fields = readFileSync(path, 'utf8').matchAll(/^(\w+)=(["']?)(.*)\2$/gm)
  return new Map([...fields].map(([, name = '', , value = '']) => [name, value]))
}

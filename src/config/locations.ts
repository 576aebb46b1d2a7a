// The directories that lbuild reads and writes.
import { basename, dirname, join } from 'node:path'
import type { Graph } from '../graph/graph.ts'
import type { Disk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'

/** Where lbuild reads and writes. All are absolute; root and home are real paths. */
export interface Locations {
  /** The directory of build.config.ts. */
  readonly root: string
  /** The directory of lbuild itself. */
  readonly home: string
  /** The files of this workspace: `cache/` in the root, or `workspaces/ID/` in the shared store. */
  readonly cache: string
  /**
   * The directory of LBUILD_CACHE_DIR, which may be relative to the root, with the objects and records of all workspaces
   * that use it. Without it, or if it names `cache/` in the root, these are in `cache`.
   */
  readonly sharedStore?: string
  /** `output/` in the root, unless `--output` is given. */
  readonly output: string
}

/**
 * Throws a Failure (exit code 2) if a path is not UTF-8. Node.js has replaced the other bytes by U+FFFD, so the path leads
 * nowhere. `what` names the path in a sentence.
 */
export function checkUtf8(what: string, path: string): void {
  if (path.includes('\ufffd'))
    throw new Failure(`the path of ${what} is not UTF-8`, {
      facts: [['path', path]],
      hint: 'rename the directory whose name contains \ufffd',
      exitCode: 2,
    })
}

/**
 * Throws a Failure (exit code 2) if the cache or output directory lies in a tree that is an input, because no build would be
 * fresh, or if the cache directory contains an input, because `clean` could remove it. The default directories need no check:
 * no input may name them.
 */
export function checkSeparate(disk: Disk, { artifacts, lockfiles }: Graph, locations: Locations): void {
  const { root, output } = locations
  const inputs = [...artifacts, ...lockfiles].flatMap((node) => Object.values(node.inputs))
  const sources = inputs.flatMap((one) => (one.kind === 'file' || one.kind === 'tree' ? [one] : []))
  const written = [
    ['cache', storeOf(locations), 'set LBUILD_CACHE_DIR to another directory'],
    ['output', output, 'give --output another directory'],
  ] as const
  for (const [name, directory, hint] of written) {
    if (directory === `${root}/${name}`) continue
    const place = realDirectory(disk, directory)
    const overlap = (relation: string, { kind, path }: { kind: string; path: string }): Failure =>
      new Failure(`the ${name} directory ${relation} the ${kind} '${path}', which is an input`, {
        facts: [[`${name} directory`, directory]],
        hint,
        exitCode: 2,
      })
    const around = sources.find(({ kind, path }) => kind === 'tree' && isWithin(place, `${root}/${path}`))
    if (around) throw overlap('lies in', around)
    const inside = sources.find(({ path }) => name === 'cache' && isWithin(`${root}/${path}`, place))
    if (inside) throw overlap('contains', inside)
  }
}

/** Throws a Failure (exit code 2) if the cache directory contains the workspace, because `clean` could remove sources. */
export function checkCache(disk: Disk, root: string, cache: string): void {
  if (isWithin(root, realDirectory(disk, cache)))
    throw new Failure('the cache directory contains the workspace', {
      facts: [
        ['cache directory', cache],
        ['workspace', root],
      ],
      hint: 'set LBUILD_CACHE_DIR to a directory of its own',
      exitCode: 2,
    })
}

/** A path without symlinks, also if it does not exist yet. */
function realDirectory(disk: Disk, path: string): string {
  if (path === '/' || disk.lstat(toRawPath(path))) return fromRawPath(disk.realpath(toRawPath(path)))
  return join(realDirectory(disk, dirname(path)), basename(path))
}

const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`)

/** The directory of `objects/` and `records/`. */
export const storeOf = ({ cache, sharedStore }: Pick<Locations, 'cache' | 'sharedStore'>): string =>
  sharedStore ?? cache

/** Returns the path of a published output to print: relative to the workspace if it is inside, otherwise absolute. */
export const shownOutput = ({ root, output }: Locations, path: string): string =>
  `${output.startsWith(`${root}/`) ? output.slice(root.length + 1) : output}/${path}`

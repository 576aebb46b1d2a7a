// The error for declared inputs that are missing or of the wrong type.
import { posix } from 'node:path'
import { suggestion } from '../graph/names.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'

/** An input that cannot be used, and why. */
export interface UnusableInput {
  /** Who declares it, such as `the artifact 'base'`. */
  readonly who: string
  readonly input: string
  readonly path: string
  /** What exists there. */
  readonly type: Stat['type'] | undefined
  /** What is declared. */
  readonly expected: 'file' | 'directory'
}

/** The error (exit code 2) for all inputs that cannot be used; undefined if there are none. `root` is that of the workspace. */
export function unusableInputs(
  disk: Disk,
  root: string,
  unusable: readonly UnusableInput[],
): Failure | undefined {
  const [first] = unusable
  if (!first) return undefined
  const facts = unusable.map(({ who, input, path, type, expected }) => {
    const what = type === undefined ? 'does not exist' : `is a ${type}, not a ${expected}`
    return [who, `${input}: ${path} ${what}`] as const
  })
  const hint = first.type === undefined ? nearby(disk, root, first.path) : declareTarget(disk, root, first)
  const problem = unusable.every(({ type }) => type === undefined) ? 'missing' : 'unusable'
  return new Failure(`a declared input is ${problem}`, {
    facts,
    hint: hint ?? RESTORE,
    exitCode: 2,
  })
}

const RESTORE = 'restore it, or change the declaration'

/** The hint for a missing input: an existing file beside it if there is one, since most often the name is misspelt. */
export function nearby(disk: Disk, root: string, path: string): string {
  const { dir: directory, base: name } = posix.parse(path)
  try {
    const names = disk.readdir(toRawPath(`${root}/${directory}`)).map(fromRawPath)
    return names.length === 0 ? RESTORE : `in ${directory || '.'}: ${suggestion(name, names)}`
  } catch {
    return RESTORE
  }
}

/** Suggests the target of a link. lbuild does not follow links, because `watch` would not notice each of their changes. */
function declareTarget(
  disk: Disk,
  root: string,
  { path, type, expected }: UnusableInput,
): string | undefined {
  if (type !== 'symlink') return undefined
  const link = toRawPath(`${root}/${path}`)
  const target = disk.stat(link)
  if (!target) return `declare the ${expected} that it should link to, which does not exist`
  const real = fromRawPath(disk.realpath(link))
  if (!real.startsWith(`${root}/`)) return `copy the ${expected} that it links to into the workspace: ${real}`
  const call = target.type === 'directory' ? 'tree' : 'file'
  return `declare the ${target.type} that it links to: ${call}('${real.slice(root.length + 1)}')`
}

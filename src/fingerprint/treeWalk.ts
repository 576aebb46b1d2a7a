// Walks the directories of a tree and records the states of their entries.
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes, display } from '../platform/rawPath.ts'
import { isRacy, signatureOf } from './fileState.ts'

/** One entry that is not a directory. */
export interface ScannedEntry {
  readonly name: RawPath
  readonly stat: Stat
  readonly signature: string
}

/** One directory as the walk found it. */
export interface ScannedDirectory {
  readonly path: RawPath
  readonly entries: readonly ScannedEntry[]
  /** A hash over the states of the entries. */
  readonly states: Digest
  /** The state of its file `.gitignore`, if it has one, even if that is itself left out. */
  readonly gitignore?: Stat
}

/** Whether to leave out an entry; `path` is relative to the tree. */
export type Skips = (path: RawPath, type: Stat['type']) => boolean

/** The name of the files with patterns of what git ignores. */
export const GITIGNORE = '.gitignore'

/** Whether an entry of a directory may change again without a change of its state. */
export function isYoung(
  disk: Disk,
  root: RawPath,
  { path, entries }: ScannedDirectory,
  walkedAt: bigint,
): boolean {
  const at = inside(root, path)
  return entries.some(({ name, stat }) => isRacy(disk, `${at}/${name}`, stat, walkedAt))
}

/**
 * The directories of a tree, sorted by bytes, without following links. Throws a Failure (exit code 2) for an unreadable
 * entry and for one that is not a file, directory or symbolic link.
 */
export function walk(disk: Disk, root: RawPath, skips: Skips = () => false): readonly ScannedDirectory[] {
  const found: ScannedDirectory[] = []
  const visit = (path: RawPath): void => {
    const entries: ScannedEntry[] = []
    let gitignore: Stat | undefined
    for (const name of readdir(disk, inside(root, path)).sort(byBytes)) {
      const at = path === '' ? name : `${path}/${name}`
      const stat = statOf(disk, inside(root, at))
      if (name === GITIGNORE && stat?.type === 'file') gitignore = stat
      if (stat && skips(at, stat.type)) continue
      if (stat?.type === 'directory') visit(at)
      else if (stat?.type === 'special file') throw notAFile(inside(root, at))
      else if (stat) entries.push({ name, stat, signature: signatureOf(stat) })
    }
    const states = entries.map(
      ({ name, stat, signature }) => `${name.length}:${name} ${stat.type} ${stat.mode} ${signature}\n`,
    )
    found.push({ path, entries, states: hashAll(states), ...(gitignore ? { gitignore } : {}) })
  }
  visit('')
  return found.sort((a, b) => byBytes(a.path, b.path))
}

const notAFile = (path: RawPath): Failure =>
  new Failure(`the input ${display(path)} is a socket, a pipe or a device`, {
    hint: 'remove it: a tree may contain only files, directories and symbolic links',
    exitCode: 2,
  })

function readdir(disk: Disk, path: RawPath): RawPath[] {
  try {
    return disk.readdir(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** The state of an input's path; undefined if nothing exists there. */
export function statOf(disk: Disk, path: RawPath): Stat | undefined {
  try {
    return disk.lstat(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** The error for an input that exists but cannot be read. */
export function unreadable(path: RawPath, error: unknown): unknown {
  if (!['EACCES', 'EPERM', 'EIO'].includes(errorCode(error))) return error
  return new Failure(`cannot read the input ${display(path)}`, {
    facts: [['reason', errorCode(error)]],
    hint: 'check its permissions, or remove it from the declaration',
    exitCode: 2,
    cause: error,
  })
}

/** The SHA-256 of some lines, one character for each byte. */
export const hashAll = (lines: readonly string[]): Digest => sha256(lines.join(''), 'latin1')

/** The absolute path of an entry; the path '' is the root itself. */
export const inside = (root: RawPath, path: RawPath): RawPath => (path === '' ? root : `${root}/${path}`)

// Scans a directory of the workspace's own tools for the files that its tools may read.
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes } from '../platform/rawPath.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { sha256 } from '../platform/digest.ts'
import { isRacy, signatureOf } from './fileState.ts'
import type { StatIndex } from './statIndex.ts'
import type { Tree } from './tree.ts'
import { fingerprintTree } from './tree.ts'

/** A directory of `toolPath`. */
export interface ToolDirectory {
  /** Absolute, and without links. */
  readonly path: RawPath
  /** Its name in listings: relative to the workspace's root, or absolute if it is outside. */
  readonly label: RawPath
}

/** A directory of tools as it was scanned. */
export interface DirectoryScan {
  readonly directory: ToolDirectory
  readonly entries: readonly ScannedEntry[]
  /** A hash over the states of everything in it. */
  readonly states: string
  /** Whether something in it may change again without a change of `states`. */
  readonly isYoung: boolean
}

interface ScannedEntry {
  readonly path: RawPath
  readonly name: RawPath
  readonly stat: Stat
  /** Its state on disk, as one comparable text; that of a directory covers everything in it. */
  readonly state: string
  /** If it is a directory. */
  readonly tree?: Tree
}

/** Scans a directory of tools. Throws a Failure (exit code 2) for an unreadable entry of a subdirectory. */
export async function scanToolDirectory(
  disk: Disk,
  index: StatIndex,
  directory: ToolDirectory,
  now: () => bigint,
): Promise<DirectoryScan> {
  const scannedAt = now()
  const entries: ScannedEntry[] = []
  for (const name of disk.readdir(directory.path).sort(byBytes)) {
    const path = `${directory.path}/${name}`
    const stat = disk.lstat(path)
    if (!stat) continue
    const tree = stat.type === 'directory' ? await fingerprintTree(disk, index, path, now) : undefined
    const content = tree ? tree.states : isSpecial(stat) ? '' : signatureOf(stat)
    entries.push({
      path,
      name,
      stat,
      state: `${stat.type} ${stat.mode} ${content}`,
      ...(tree ? { tree } : {}),
    })
  }
  const states = entries.map(({ name, state }) => `${name.length}:${name} ${state}\n`)
  return {
    directory,
    entries,
    states: sha256(states.join(''), 'latin1'),
    isYoung: entries.some(
      ({ path, stat, tree }) => !tree && !isSpecial(stat) && isRacy(disk, path, stat, scannedAt),
    ),
  }
}

const isSpecial = ({ type }: Stat): boolean => type === 'special file'

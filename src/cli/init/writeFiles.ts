// Writes the files of a new distro beside those that exist.
import type { Disk } from '../../platform/disk.ts'
import { errorCode, parent } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import { toRawPath } from '../../platform/rawPath.ts'
import type { NewFile } from './templateFiles.ts'

/** The paths of the files that were written, and of those that existed with another content. */
export interface WrittenFiles {
  readonly created: readonly string[]
  readonly kept: readonly string[]
}

/**
 * Writes files below a directory, and creates the directory if it is missing. Changes nothing that exists. A file that exists
 * with the same content is in neither list, so a second call completes one that failed.
 *
 * Throws a Failure (exit code 2), before it writes anything, if a directory of a file is something else, and a Failure if a
 * file cannot be written; the files before it stay.
 */
export function writeFiles(disk: Disk, root: string, files: readonly NewFile[]): WrittenFiles {
  for (const { path } of files) checkDirectories(disk, `${root}/${path}`)
  const created: string[] = []
  const kept: string[] = []
  for (const file of files) {
    const outcome = writeFile(disk, root, file)
    if (outcome !== 'same') (outcome === 'created' ? created : kept).push(file.path)
  }
  return { created, kept }
}

/** Throws a Failure if something above a path exists and is not a directory. */
function checkDirectories(disk: Disk, path: string): void {
  for (let above = parent(path); above !== '/'; above = parent(above)) {
    const raw = toRawPath(above)
    const stat = disk.stat(raw)
    if (stat?.type === 'directory') return
    if (stat === undefined && disk.lstat(raw) === undefined) continue
    throw new Failure(`'${above}' is not a directory`, {
      facts: stat === undefined ? [['type', 'a symlink to nothing']] : [['type', stat.type]],
      hint: 'rename it, or name another directory for the distro',
      exitCode: 2,
    })
  }
}

function writeFile(
  disk: Disk,
  root: string,
  { path, text, executable }: NewFile,
): 'created' | 'kept' | 'same' {
  const place = toRawPath(`${root}/${path}`)
  if (disk.lstat(place)) return isSame(disk, place, text) ? 'same' : 'kept'
  try {
    disk.mkdir(parent(place))
    const fd = disk.open(place, 'wx', executable ? 0o777 : 0o666)
    try {
      disk.write(fd, Buffer.from(text), null)
      disk.fsync(fd)
    } catch (error) {
      disk.unlink(place)
      throw error
    } finally {
      disk.close(fd)
    }
    return 'created'
  } catch (error) {
    // Another process created it meanwhile.
    if (errorCode(error) === 'EEXIST') return 'kept'
    throw cannotWrite(`${root}/${path}`, error)
  }
}

/** Whether a file has this content. A file that cannot be read has not. */
function isSame(disk: Disk, place: string, text: string): boolean {
  try {
    return disk.stat(place)?.type === 'file' && disk.readFile(place).equals(Buffer.from(text))
  } catch {
    return false
  }
}

/** The reasons and hints of errors that the user can correct. */
const ERRORS: ReadonlyMap<string, readonly [reason: string, hint: string]> = new Map([
  ['EACCES', ['permission denied', 'choose a directory that you may write to']],
  ['EPERM', ['permission denied', 'choose a directory that you may write to']],
  ['EROFS', ['the file system is read-only', 'choose a directory on another file system']],
  ['ENOSPC', ['the disk is full', 'free space and run the same command again; it writes the missing files']],
  [
    'EDQUOT',
    ['the disk quota is used up', 'free space and run the same command again; it writes the missing files'],
  ],
  ['ENAMETOOLONG', ['the path is too long', 'choose a directory with a shorter path']],
])

function cannotWrite(path: string, error: unknown): unknown {
  const [reason, hint] = ERRORS.get(errorCode(error)) ?? []
  if (reason === undefined) return error
  return new Failure(`cannot write '${path}'`, { facts: [['reason', reason]], hint, cause: error })
}

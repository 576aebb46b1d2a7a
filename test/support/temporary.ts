// Directories that are removed after a test.
import { existsSync, mkdtempSync, realpathSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { onTestFinished } from 'vitest'

const MEMORY = '/dev/shm'

/** Where tests make many short-lived files: in memory if it has 2 GiB left, since a flush to a disk waits for the disk. */
export const MEMORY_PARENT = existsSync(MEMORY) && freeBytes(MEMORY) >= 2 ** 31 ? MEMORY : tmpdir()

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** A directory that is removed after the test. `name` becomes part of its path. */
export function temporaryDirectory(name = 'lbuild-test', parent = tmpdir()): string {
  const path = realpathSync(mkdtempSync(`${parent}/${name}-`))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A directory in memory, if possible, that is removed after the test. */
export const memoryDirectory = (): string => temporaryDirectory('lbuild-test', MEMORY_PARENT)

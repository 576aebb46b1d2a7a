// Directories that are removed after a test.
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { onTestFinished } from 'vitest'

/** Where tests make many short-lived files: in memory if possible, since a flush to a disk waits for the disk. */
export const MEMORY_PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A directory that is removed after the test. `name` becomes part of its path. */
export function temporaryDirectory(name = 'lbuild-test', parent = tmpdir()): string {
  const path = realpathSync(mkdtempSync(`${parent}/${name}-`))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A directory in memory, if possible, that is removed after the test. */
export const memoryDirectory = (): string => temporaryDirectory('lbuild-test', MEMORY_PARENT)

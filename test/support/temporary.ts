// Directories that are removed after a test.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { onTestFinished } from 'vitest'

/** A directory that is removed after the test. `name` becomes part of its path. */
export function temporaryDirectory(name = 'lbuild-test'): string {
  const path = realpathSync(mkdtempSync(`${tmpdir()}/${name}-`))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

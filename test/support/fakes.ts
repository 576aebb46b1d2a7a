// Files and programs in directories of a test.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory that is removed after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'lbuild-test-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

/** A file below a directory. */
export function file(root: string, path: string, content = ''): string {
  const full = join(root, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, content)
  return full
}

/** A program: a shell script. */
export function program(root: string, name: string, script = 'exit 0'): string {
  const full = file(root, name, `#!/bin/sh\n${script}\n`)
  chmodSync(full, 0o755)
  return full
}

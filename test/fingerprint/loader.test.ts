// Tests what the loader of this host says about executables.
import { expect, it } from 'vitest'
import { askLoader } from '../../src/fingerprint/loader.ts'
import { readProgram } from '../../src/fingerprint/program.ts'
import { realDisk } from '../../src/platform/disk.ts'

function loaderOf(path: string): string {
  const program = readProgram(realDisk, path)
  if (program.kind !== 'executable' || program.loader === undefined) throw new Error(`${path} has no loader`)
  return program.loader
}

it('the loader names the libraries of a program and itself, by absolute paths that exist', async () => {
  const shell = realDisk.realpath('/bin/sh')
  const { libraries } = await askLoader(loaderOf(shell), shell)
  expect(libraries.some((path) => /\/libc\.|musl/.test(path))).toBe(true)
  expect(libraries).toContain(loaderOf(shell))
  for (const path of libraries) expect(realDisk.stat(path)?.type).toBe('file')
})

it('the loader has loaded nothing if the program is missing or no program', async () => {
  const loader = loaderOf(realDisk.realpath('/bin/sh'))
  for (const path of ['/none', import.meta.filename, '/'])
    expect((await askLoader(loader, path)).libraries).toEqual([])
  expect(await askLoader('/none', '/bin/sh')).toEqual({ libraries: [], searched: [] })
})

// Asks the dynamic loader which libraries an executable loads, and where it searched for them.
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath } from '../platform/rawPath.ts'

/** What a loader loads for an executable. */
export interface LoadedFiles {
  /** The shared libraries, as the loader opens them. */
  readonly libraries: readonly RawPath[]
  /** The directories that it searched besides its cache: a library that appears there may be loaded instead. */
  readonly searched: readonly RawPath[]
}

/** Asks a loader about an executable, without running it. */
export type AskLoader = (loader: RawPath, executable: RawPath) => Promise<LoadedFiles>

/**
 * Runs `LOADER --list EXECUTABLE`, as ldd(1) does; both glibc and musl have it. `LD_DEBUG=libs` makes glibc also print
 * where it searches (ld.so(8)). A loader that fails has loaded nothing: then the executable cannot run, either.
 */
export const askLoader: AskLoader = async (loader, executable) => {
  const { spawnSync } = await import('node:child_process')
  const { stdout, stderr } = spawnSync(fromRawPath(loader), ['--list', fromRawPath(executable)], {
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { LC_ALL: 'C', LD_DEBUG: 'libs' },
  })
  const libraries = [...(stdout ?? '').matchAll(/^\t(?:\S+ => )?(\/.+) \(0x[0-9a-f]+\)$/gm)]
  const searched = [...(stderr ?? '').matchAll(/^\s*\d+:\s+search path=(.*?)(?:\t|$)/gm)]
  return {
    libraries: libraries.flatMap(([, path]) => path ?? []),
    searched: [...new Set(searched.flatMap(([, path]) => path?.split(':') ?? []))],
  }
}

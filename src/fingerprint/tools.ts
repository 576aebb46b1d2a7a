// Fingerprints tools: executables with everything that they load.
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import type { Digest } from '../platform/digest.ts'
import { digestOf } from '../platform/digest.ts'
import type { StatIndex } from './statIndex.ts'
import { signatureOf } from './fileState.ts'

/** A tool of this host. */
export interface Tool {
  readonly path: RawPath
  /** Over the executable, its interpreter and the shared libraries that it loads. */
  readonly digest: Digest
  /** Those files, and their {@link toolStates} when they were read. */
  readonly files: readonly RawPath[]
  readonly states: string
}

/** The loader's cache: after a change of it, a tool may load other libraries (ld.so(8)). */
const LOADER_CACHE = '/etc/ld.so.cache'

/** Finds a tool on a search path: its path, and the real file behind all links; undefined if there is none. */
export function locateTool(
  disk: Disk,
  searchPath: readonly RawPath[],
  name: string,
): { path: RawPath; real: RawPath } | undefined {
  for (const directory of searchPath) {
    const path = `${directory}/${toRawPath(name)}`
    if (!disk.lstat(path)) continue
    try {
      const real = disk.realpath(path)
      const stat = disk.lstat(real)
      if (stat?.type === 'file' && (stat.mode & 0o111) !== 0) return { path, real }
    } catch {
      continue
    }
  }
  return undefined
}

/** Lists the files that a dynamic executable loads; none for a static one and for a script. */
export type LibrariesOf = (executable: RawPath) => Promise<readonly RawPath[]>

/** Asks the loader itself, through ldd(1). */
export const librariesByLdd: LibrariesOf = async (executable) => {
  const { execFileSync } = await import('node:child_process')
  try {
    const output = execFileSync('/usr/bin/ldd', [executable], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { LC_ALL: 'C' },
    })
    return [...output.matchAll(/^\t(?:\S+ => )?(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? [])
  } catch {
    return []
  }
}

/** Returns the state of a file on disk as one comparable text. */
export type StateOf = (file: RawPath) => string

/** Examines each file once, since tools share most of their libraries. */
export function statesOnce(disk: Disk): StateOf {
  const states = new Map<RawPath, string>()
  return (file) => {
    let state = states.get(file)
    if (state === undefined) {
      const stat = disk.lstat(file)
      states.set(file, (state = stat ? signatureOf(stat) : 'absent'))
    }
    return state
  }
}

/** The states of a tool's files and of the loader's cache. While they are unchanged, so is its digest. */
export const toolStates = (files: readonly RawPath[], stateOf: StateOf): string =>
  [LOADER_CACHE, ...files].map(stateOf).join(' ')

/** Fingerprints a tool. Reads nothing while its files and the loader's cache are unchanged. */
export async function fingerprintTool(
  disk: Disk,
  index: StatIndex,
  path: RawPath,
  librariesOf: LibrariesOf,
  stateOf: StateOf,
  searchPath: readonly RawPath[],
): Promise<Tool> {
  const known = index.tool(path)
  if (known && known.states === toolStates(known.files, stateOf)) return { path, ...known }
  const executables = [path, ...interpretersOf(disk, path, searchPath)]
  const libraries = (await Promise.all(executables.map(librariesOf)))
    .flat()
    .map((file) => disk.realpath(file))
  const files = [...new Set([...executables, ...libraries])]
  const states = toolStates(files, stateOf)
  const young = index.isYoung(files)
  const digests: string[] = []
  for (const file of files)
    digests.push(file.slice(file.lastIndexOf('/') + 1), index.file(file, disk.lstat(file)!))
  const digest = digestOf(digests)
  index.setTool(path, { files, states: young ? '' : states, digest })
  return { path, digest, files, states }
}

/** The interpreter in the first line of a script (execve(2), "Interpreter scripts"), and the one that env(1) starts. */
function interpretersOf(disk: Disk, path: RawPath, searchPath: readonly RawPath[]): RawPath[] {
  const head = Buffer.alloc(256)
  const fd = disk.open(path, 'r')
  try {
    disk.read(fd, head)
  } finally {
    disk.close(fd)
  }
  const [, interpreter, argument] =
    /^#! *(\/[^ \n\0]+)(?: +(?:-S +)?([^ \n\0]+))?/.exec(head.toString('latin1')) ?? []
  if (interpreter === undefined) return []
  const named = interpreter.endsWith('/env') && argument ? locateTool(disk, searchPath, argument) : undefined
  return [disk.realpath(interpreter), ...(named ? [named.real] : [])]
}

// Examines a tool whose files changed: which programs and libraries it loads, and what it sees beside itself.
import { posix } from 'node:path'
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes, display } from '../platform/rawPath.ts'
import { Failure } from '../platform/failure.ts'
import { sha256 } from '../platform/digest.ts'
import { besideTools } from './besideTools.ts'
import { readProgram } from './program.ts'
import type { Interpreter } from './shebang.ts'
import { parseShebang } from './shebang.ts'
import type { ToolEntry } from './statIndex.ts'
import type { ToolFinder } from './tools.ts'
import type { TreeItem } from './tree.ts'
import { serializeListing } from './tree.ts'

/** The directories of the host that every producer sees. */
const SYSTEM = /^\/(?:usr|bin|sbin|lib(?:32|64|x32)?|etc\/alternatives)\//

const isOwn = (path: RawPath): boolean => !SYSTEM.test(path)

/** What execvp(3) starts for a file that the kernel cannot start. */
const SHELL = '/bin/sh'

/** Everything that a tool loads. The loop also visits the interpreters that it adds, and their interpreters. */
export async function examineTool(finder: ToolFinder, path: RawPath): Promise<Omit<ToolEntry, 'states'>> {
  const { disk, places } = finder
  const programs = new Set([path])
  const libraries = new Set<RawPath>()
  const probes = new Set<RawPath>()
  const named = new Set<RawPath>()
  for (const program of programs) {
    const found = readProgram(disk, program)
    if (found.kind === 'script') {
      const interpreter = parseShebang(program, found.line)
      if (!interpreter) continue
      for (const next of startedBy(finder, program, interpreter, probes)) programs.add(next)
      for (const path of [interpreter.path, interpreter.started]) if (path?.startsWith('/')) named.add(path)
    } else if (found.kind === 'executable' && found.loader !== undefined) {
      if (disk.stat(found.loader)) libraries.add(found.loader)
      else probes.add(found.loader)
      // Only a loader of the host is trusted to run outside of the sandbox.
      if (!SYSTEM.test(found.loader) || !disk.stat(found.loader)) continue
      const loaded = await finder.askLoader(found.loader, disk.realpath(program))
      for (const library of loaded.libraries) libraries.add(library)
      for (const directory of loaded.searched) probes.add(directory)
    } else if (found.kind === 'other' && disk.stat(SHELL)) programs.add(SHELL)
  }
  const files = [...new Set([...programs, ...libraries])]
  const directories = places.own
    .map((directory) => directory.path)
    .filter((directory) => !SYSTEM.test(directory) && files.some((file) => file.startsWith(`${directory}/`)))
  const entry = { files, probes: [...probes], directories }
  const { listing, shown } = await contentsOf(finder, entry)
  return {
    ...entry,
    shown,
    named: [...named, ...libraries]
      .filter((file) => disk.stat(file))
      .flatMap((file) => linksTo(finder, file))
      .filter(isOwn),
    digest: sha256(listing),
  }
}

/** The listing of a tool. */
export const listTool = async (finder: ToolFinder, entry: ToolEntry): Promise<string> =>
  (await contentsOf(finder, entry)).listing

/** What a script starts. Adds to `probes` the paths at which a program would be started instead. */
function startedBy(
  finder: ToolFinder,
  script: RawPath,
  { path, started }: Interpreter,
  probes: Set<RawPath>,
): readonly RawPath[] {
  const { disk, searchPath } = finder
  if (!disk.stat(path)) throw missing(script, path)
  if (started === undefined) return [path]
  if (started.includes('/')) {
    if (!disk.stat(started)) throw missing(script, started)
    return [path, started]
  }
  const found = finder.locate(started)
  if (found === undefined) throw missing(script, started)
  for (const directory of searchPath) {
    const candidate = `${directory}/${started}`
    if (candidate === found) break
    probes.add(candidate)
  }
  return [path, found]
}

const missing = (script: RawPath, interpreter: RawPath): Failure =>
  new Failure(`the tool ${display(script)} cannot run: its interpreter is missing`, {
    facts: [['interpreter', display(interpreter)]],
    hint: 'install it, or correct the first line of the tool',
    exitCode: 2,
  })

/** The listing of a tool, and the paths outside of the host's system directories that a producer must see. */
async function contentsOf(
  finder: ToolFinder,
  { files, directories }: Pick<ToolEntry, 'files' | 'directories'>,
): Promise<{ readonly listing: string; readonly shown: readonly RawPath[] }> {
  const { disk, index, places } = finder
  const present = files.filter((file) => disk.stat(file))
  const shown = new Set(present.flatMap((file) => linksTo(finder, file)).filter(isOwn))
  const items: TreeItem[] = []
  const listed = new Set<RawPath>()
  for (const directory of places.own.filter(({ path }) => directories.includes(path))) {
    const beside = await besideTools(disk, index, await finder.scan(directory))
    for (const path of beside.paths) {
      shown.add(path)
      if (disk.lstat(path)?.type !== 'symlink') listed.add(path)
    }
    items.push(...beside.items)
  }
  for (const file of present) {
    const stat = disk.stat(file)
    if (stat && !isBelow(disk.realpath(file), listed))
      items.push([posix.basename(file), 'file', index.file(file, stat)])
  }
  const lines = new Set(serializeListing(items).split('\n').sort(byBytes))
  return { listing: [...lines].join('\n'), shown: withoutNested(shown) }
}

/** A path, and all paths that it leads to over links. */
function linksTo({ disk }: ToolFinder, path: RawPath): readonly RawPath[] {
  const hops = new Set([posix.normalize(path), disk.realpath(path)])
  for (const hop of hops)
    if (disk.lstat(hop)?.type === 'symlink') hops.add(posix.resolve(posix.dirname(hop), disk.readlink(hop)))
  return [...hops]
}

/** Whether a path is among others, or lies below one of them. */
const isBelow = (path: RawPath, others: ReadonlySet<RawPath>): boolean =>
  others.has(path) || (path !== '/' && isBelow(posix.dirname(path), others))

/** Removes the paths that are below another of the paths. */
const withoutNested = (paths: ReadonlySet<RawPath>): readonly RawPath[] =>
  [...paths].filter((path) => !isBelow(posix.dirname(path), paths)).sort(byBytes)

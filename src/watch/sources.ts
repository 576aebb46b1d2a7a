import { readdirSync } from 'node:fs'
import { fromBytes } from '../platform/bytes.ts'
import { closure, lockfilesOf } from '../graph/graph.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { toolDirectories } from '../workspace/workspace.ts'

/** What a build of some targets is made of and a person may edit, as absolute paths. */
export interface Sources {
  /** Below these everything counts. */
  readonly trees: readonly string[]
  readonly files: readonly string[]
}

/**
 * The inputs of the targets and of what is below them, the lockfiles with what they are resolved from, the workspace's own
 * tools, the config and every module that it imports. Nothing that lbuild itself writes but the lockfiles.
 */
export function sourcesOf(workspace: Workspace, targets: readonly string[]): Sources {
  const { graph, locations } = workspace
  const nodes = closure(graph, targets)
  const lockfileNames = new Set(nodes.flatMap(lockfilesOf))
  const lockfiles = graph.lockfiles.filter(({ name }) => lockfileNames.has(name))
  const paths = (kind: 'file' | 'tree'): string[] =>
    [...nodes, ...lockfiles].flatMap(({ inputs }) =>
      Object.values(inputs).flatMap((input) =>
        input.kind === kind ? [`${locations.root}/${input.path}`] : [],
      ),
    )
  const tools = new Set([...nodes, ...lockfiles].flatMap(({ tools: names }) => names.map(({ name }) => name)))
  const ownTools = toolDirectories(workspace).flatMap((directory) =>
    [...tools].map((tool) => `${directory}/${tool}`),
  )
  const modules = workspace.files
    .map(([path]) => fromBytes(path))
    .filter((path) => !path.startsWith(`${locations.cache}/`))
  const lockFiles = lockfiles.map(({ path }) => `${locations.root}/${path}`)
  const config = `${locations.root}/build.config.ts`
  const files = new Set([config, ...modules, ...paths('file'), ...lockFiles, ...ownTools])
  return { trees: [...new Set(paths('tree'))].sort(), files: [...files].sort() }
}

/** Whether an event at a path can have to do with some sources: it is one, in one, or a directory above one. */
export function concerns({ trees, files }: Sources): (path: string) => boolean {
  const exact = new Set([...files, ...trees].flatMap(withParents))
  return (path) => exact.has(path) || trees.some((tree) => path.startsWith(`${tree}/`))
}

/** The directories above some sources, up to `root`; of those outside of it only the nearest. */
export function directoriesAbove({ trees, files }: Sources, root: string): readonly string[] {
  const above = [...files, ...trees].flatMap((path) => {
    const [nearest, ...others] = withParents(path).slice(1)
    const inside = others.filter((directory) => directory === root || directory.startsWith(`${root}/`))
    return nearest === undefined ? [] : [nearest, ...inside]
  })
  return [...new Set(above)].sort()
}

/** A path and all directories above it but `/`, the nearest first. */
function withParents(path: string): string[] {
  const all: string[] = []
  for (let one = path; one !== ''; one = one.slice(0, one.lastIndexOf('/'))) all.push(one)
  return all
}

/** Directories of a workspace in which no module of a config lies that is worth waiting for. */
const NO_SOURCES = ['cache', 'output', 'node_modules']

/** While the config is wrong, what mends it may be anywhere that it could import from. */
export function widened({ trees, files }: Sources, { locations: { root, cache } }: Workspace): Sources {
  const tops = readdirSync(root, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !NO_SOURCES.includes(name))
    .filter((entry) => entry.isDirectory() && `${root}/${entry.name}` !== cache)
    .map(({ name }) => `${root}/${name}`)
  return { trees: [...trees, ...tops], files }
}

// Determines which files and directories the targets are built from.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { closure, lockfilesOf } from '../graph/graph.ts'
import { childOf } from '../config/sourceFiles.ts'
import { directoriesAbove as parentsOf } from '../fingerprint/exclusionState.ts'
import { GITIGNORE } from '../fingerprint/treeWalk.ts'
import { fromRawPath } from '../platform/rawPath.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { toolDirectories } from '../workspace/toolPlaces.ts'
import type { LeftOut } from './leftOut.ts'

/** The editable files that a build reads, as absolute paths. */
export interface Sources {
  /** Everything below these directories is a source. */
  readonly trees: readonly string[]
  readonly files: readonly string[]
}

/**
 * The inputs of the targets and of their dependencies, the .gitignore files above their trees, the lockfiles and what they are resolved from, the directories of
 * the workspace's own tools, the config, every module that it imports, and the paths that decide where an import leads.
 * Of the files that lbuild writes, only the lockfiles are sources.
 */
export function sourcesOf(workspace: Workspace, targets: readonly string[]): Sources {
  const { graph, locations } = workspace
  const nodes = closure(graph, targets)
  const lockfileNames = new Set(nodes.flatMap(lockfilesOf))
  const lockfiles = graph.lockfiles.filter(({ name }) => lockfileNames.has(name))
  const inputs = (kind: 'file' | 'tree'): string[] =>
    [...nodes, ...lockfiles].flatMap((one) =>
      Object.values(one.inputs).flatMap((input) =>
        input.kind === kind ? [`${locations.root}/${input.path}`] : [],
      ),
    )
  const gitignores = [...nodes, ...lockfiles].flatMap((one) =>
    Object.values(one.inputs).flatMap((input) =>
      input.kind === 'tree' && input.gitignore
        ? parentsOf(input.path).map((directory) => join(locations.root, directory, GITIGNORE))
        : [],
    ),
  )
  const modules = workspace.configFiles
    .map(([path]) => fromRawPath(path))
    .filter((path) => !path.startsWith(`${locations.cache}/`))
  // Directories outside the workspace, such as /tmp, change too often to be watched.
  const probes = workspace.probes
    .flatMap(([directory, , entries]) =>
      entries.flatMap(([name, state]) =>
        state === 'directory' ? [] : [fromRawPath(childOf(directory, name))],
      ),
    )
    .filter((path) => path.startsWith(`${locations.root}/`))
  const lockfilePaths = lockfiles.map(({ path }) => `${locations.root}/${path}`)
  const config = `${locations.root}/build.config.ts`
  const files = new Set([config, ...modules, ...probes, ...inputs('file'), ...lockfilePaths, ...gitignores])
  return {
    trees: [...new Set([...inputs('tree'), ...toolDirectories(workspace)])].sort(),
    files: [...files].sort(),
  }
}

/**
 * Returns a function that tells whether a change at a path can affect the sources. It can if the path is a source, lies
 * in a source tree that does not leave it out, or is a parent directory of a source. A .gitignore file decides what a tree
 * leaves out, so it is a source even if its own tree leaves it out.
 */
export function couldConcern(
  { trees, files }: Sources,
  leftOut: LeftOut = () => false,
): (path: string) => boolean {
  const exact = new Set([...files, ...trees].flatMap(withParents))
  const isInTree = (path: string): boolean => trees.some((tree) => path.startsWith(`${tree}/`))
  return (path) =>
    exact.has(path) ||
    (isInTree(path) && (path.endsWith(`/${GITIGNORE}`) || !leftOut(path, isDirectory(path))))
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/**
 * Returns the parent directories of the sources, up to `root`. For a source outside of `root`, returns only its direct
 * parent.
 */
export function directoriesAbove({ trees, files }: Sources, root: string): readonly string[] {
  const above = [...files, ...trees].flatMap((path) => {
    const [nearest, ...others] = withParents(path).slice(1)
    const inside = others.filter((directory) => directory === root || directory.startsWith(`${root}/`))
    return nearest === undefined ? [] : [nearest, ...inside]
  })
  return [...new Set(above)].sort()
}

/** A path and all directories above it except `/`, the nearest first. */
function withParents(path: string): string[] {
  const all: string[] = []
  for (let one = path; one !== ''; one = one.slice(0, one.lastIndexOf('/'))) all.push(one)
  return all
}

/** Directories of a workspace that watch does not search for modules that a failing config may need. */
const NO_SOURCES = ['cache', 'output', 'node_modules']

/** The sources and all other directories of a workspace that a failing config may need a module from. */
export function withUndeclared(
  { trees, files }: Sources,
  { locations: { root, cache } }: Workspace,
): Sources {
  const directories = readdirSync(root, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && !NO_SOURCES.includes(name))
    .filter((entry) => entry.isDirectory() && `${root}/${entry.name}` !== cache)
    .map(({ name }) => `${root}/${name}`)
  return { trees: [...trees, ...directories], files }
}

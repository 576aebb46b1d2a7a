// Decides which paths in trees are no sources, because the trees leave them out.
import { TreeRules } from '../fingerprint/exclusion.ts'
import { closure, lockfilesOf } from '../graph/graph.ts'
import { toRawPath } from '../platform/rawPath.ts'
import { exclusionOf } from '../workspace/exclusions.ts'
import { toolDirectories } from '../workspace/toolPlaces.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Whether every tree that contains an absolute path leaves it out. */
export type LeftOut = (path: string, isDirectory: boolean) => boolean

/** Reads what the trees of some targets leave out, as the .gitignore files are now. */
export function leftOutOf(workspace: Workspace, targets: readonly string[]): LeftOut {
  const { disk, graph, locations } = workspace
  const nodes = closure(graph, targets)
  const names = new Set(nodes.flatMap(lockfilesOf))
  const inputs = [...nodes, ...graph.lockfiles.filter(({ name }) => names.has(name))].flatMap((node) =>
    Object.values(node.inputs),
  )
  const trees = inputs.flatMap((input) => {
    if (input.kind !== 'tree') return []
    const path = `${locations.root}/${input.path}`
    const exclusion = exclusionOf(locations, input)
    return [{ path, ...(exclusion ? { rules: new TreeRules(disk, toRawPath(path), exclusion) } : {}) }]
  })
  const all: readonly { readonly path: string; readonly rules?: TreeRules }[] = [
    ...trees,
    ...toolDirectories(workspace).map((path) => ({ path })),
  ]
  return (path, isDirectory) => {
    const around = all.filter((tree) => path.startsWith(`${tree.path}/`))
    try {
      return (
        around.length > 0 &&
        around.every((tree) =>
          tree.rules?.ruleAbove(toRawPath(path.slice(tree.path.length + 1)), isDirectory),
        )
      )
    } catch {
      // An unreadable .gitignore file: the build reports it.
      return false
    }
  }
}

// Where the tools of a workspace are searched for: its own directories, then those of the host.
import { relative, resolve } from 'node:path'
import type { ToolPlaces } from '../fingerprint/tools.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import { Failure } from '../platform/failure.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'
import type { Workspace } from './workspace.ts'

/** The directories of the workspace's own tools, as absolute paths without links where they exist. */
export const toolDirectories = ({
  disk,
  graph,
  locations,
}: Pick<Workspace, 'disk' | 'graph' | 'locations'>): readonly string[] =>
  graph.toolPath.map((path) => {
    const absolute = resolve(locations.root, path)
    const raw = toRawPath(absolute)
    return disk.stat(raw) ? fromRawPath(disk.realpath(raw)) : absolute
  })

/**
 * Where the tools of a workspace are searched for. Throws a Failure (exit code 2) if one of its own directories contains
 * the cache or the outputs: with every build, all tools in it would change.
 */
export function toolPlaces(workspace: Workspace): ToolPlaces {
  const { root, cache, output } = workspace.locations
  const isInside = (path: string, directory: string): boolean => `${path}/`.startsWith(`${directory}/`)
  const own = toolDirectories(workspace).map((directory) => {
    const written = [cache, output].find((path) => isInside(path, directory))
    if (written !== undefined)
      throw new Failure(`the tool directory ${directory} contains files that lbuild writes`, {
        facts: [['written', written]],
        hint: 'move the tools into a directory of their own, and name that in toolPath',
        exitCode: 2,
      })
    const label = isInside(directory, root) ? relative(root, directory) : directory
    return { path: toRawPath(directory), label: toRawPath(label) }
  })
  return { own, host: SEARCH_PATH.split(':') }
}

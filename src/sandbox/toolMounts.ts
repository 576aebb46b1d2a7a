// Shows the files of tools to a producer.
import { lstatSync, readlinkSync } from 'node:fs'
import type { ToolEntry } from '../fingerprint/statIndex.ts'
import { fromRawPath } from '../platform/rawPath.ts'
import type { Mount } from './bubblewrap.ts'
import { INSIDE } from './bubblewrap.ts'

/** Where a producer in the sandbox sees a path of the host: paths of the workspace are the same in every workspace. */
export const insideWorkspace = (root: string, path: string): string =>
  `${path}/`.startsWith(`${root}/`) ? `${INSIDE.workspace}${path.slice(root.length)}` : path

/** Replaces paths below the workspace in what a producer printed by those of the host. */
export const onHost = (root: string, text: string): string =>
  text.replaceAll(/(?<![\w./-])\/workspace\//g, () => `${root}/`)

/** The mounts that show the files of some tools of a workspace. */
export function toolMounts(
  tools: readonly Pick<ToolEntry, 'shown' | 'named'>[],
  root: string,
): readonly Mount[] {
  const places = new Map<string, string>()
  for (const { shown, named } of tools) {
    for (const path of shown.map(fromRawPath)) places.set(insideWorkspace(root, path), path)
    for (const path of named.map(fromRawPath)) places.set(path, path)
  }
  return [...places]
    .filter(([to]) => !isNested(to, places))
    .flatMap(([to, from]): Mount[] => {
      const stat = lstatSync(from, { throwIfNoEntry: false })
      if (!stat) return []
      return [
        stat.isSymbolicLink() ? { target: insideWorkspace(root, readlinkSync(from)), to } : { from, to },
      ]
    })
}

/** Whether a directory above a path is shown as well. */
function isNested(path: string, places: ReadonlyMap<string, string>): boolean {
  const above = path.slice(0, path.lastIndexOf('/'))
  return above !== '' && (places.has(above) || isNested(above, places))
}

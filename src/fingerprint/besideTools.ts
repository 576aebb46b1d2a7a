// Lists what a tool sees beside itself in a directory of the workspace's own tools.
import type { RawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { readProgram } from './program.ts'
import type { StatIndex } from './statIndex.ts'
import type { DirectoryScan } from './toolDirectory.ts'
import type { TreeItem } from './tree.ts'
import { isExecutable, parseListing } from './tree.ts'

/** What a tool sees beside itself. */
export interface Beside {
  readonly paths: readonly RawPath[]
  /** Their listing; sockets, pipes and devices have no content. */
  readonly items: readonly TreeItem[]
}

/** Everything in a directory of tools except other programs: a producer that starts one of those must declare it. */
export async function besideTools(
  disk: Disk,
  index: StatIndex,
  { directory, entries }: DirectoryScan,
): Promise<Beside> {
  const paths: RawPath[] = []
  const items: TreeItem[] = []
  for (const { path, name, stat, tree } of entries) {
    if (stat.type === 'file' && isExecutable(stat) && isStartable(disk, path)) continue
    paths.push(path)
    const label = `${directory.label}/${name}`
    if (tree) items.push(...parseListing(await tree.listing()).map((item) => below(label, item)))
    else if (stat.type === 'symlink') items.push([label, 'symlink', disk.readlink(path)])
    else if (stat.type === 'file')
      items.push([label, isExecutable(stat) ? 'executable' : 'file', index.file(path, stat)])
  }
  return { paths, items }
}

const isStartable = (disk: Disk, path: RawPath): boolean =>
  ['script', 'executable'].includes(readProgram(disk, path).kind)

function below(directory: RawPath, item: TreeItem): TreeItem {
  const [path, ...rest] = item
  return [path === '' ? directory : `${directory}/${path}`, ...rest] as TreeItem
}

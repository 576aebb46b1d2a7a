import type { Bytes } from '../host/bytes.ts'
import type { Listing, TreeItem } from '../fingerprint/tree.ts'

/** How one entry of a tree differs from what it was. */
export interface TreeChange {
  readonly path: Bytes
  readonly change:
    'added' | 'removed' | 'content' | 'made executable' | 'no longer executable' | 'type' | 'link target'
}

/** The entries in which two listings of a tree differ, in order. */
export function treeChanges(before: Listing, now: Listing): readonly TreeChange[] {
  const old = new Map(before.map((item) => [item[0], item]))
  const changes: TreeChange[] = []
  for (const item of now) {
    const former = old.get(item[0])
    old.delete(item[0])
    const change = former ? difference(former, item) : 'added'
    if (change) changes.push({ path: item[0], change })
  }
  for (const path of old.keys()) changes.push({ path, change: 'removed' })
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function difference(before: TreeItem, now: TreeItem): TreeChange['change'] | undefined {
  const isFile = (item: TreeItem): boolean => item[1] === 'file' || item[1] === 'executable'
  if (isFile(before) && isFile(now)) {
    if (before[2] !== now[2]) return 'content'
    if (before[1] === now[1]) return undefined
    return now[1] === 'executable' ? 'made executable' : 'no longer executable'
  }
  if (before[1] !== now[1]) return 'type'
  return before[2] === now[2] ? undefined : 'link target'
}

import type { Bytes } from '../host/bytes.ts'
import { byBytes } from '../host/bytes.ts'
import type { Digest } from '../host/digest.ts'
import type { EntryChange } from '../plan/evidence.ts'
import type { Listing, TreeItem } from '../fingerprint/tree.ts'

/** How one entry of a tree differs from what it was. */
export interface TreeChange {
  readonly path: Bytes
  readonly change: EntryChange['change']
  /** Of what was a file, and of what is one. */
  readonly before?: Digest
  readonly now?: Digest
}

/**
 * The entries in which two listings of a tree, as lines, differ, in order. Both are in the order of their bytes, so one
 * walk through both finds them, and only lines that differ are read.
 */
export function treeChanges(old: readonly string[], current: readonly string[]): readonly TreeChange[] {
  const gone: TreeItem[] = []
  const come: TreeItem[] = []
  let [at, to] = [0, 0]
  while (at < old.length || to < current.length) {
    if (old[at] === current[to]) {
      at += 1
      to += 1
      continue
    }
    const former = at < old.length ? read(old[at]!) : undefined
    const item = to < current.length ? read(current[to]!) : undefined
    const order = !former ? 1 : !item ? -1 : byBytes(former[0], item[0])
    if (order <= 0) {
      gone.push(former!)
      at += 1
    }
    if (order >= 0) {
      come.push(item!)
      to += 1
    }
  }
  return changesOf(gone, come)
}

const read = (line: string): TreeItem => JSON.parse(line) as TreeItem

function changesOf(before: Listing, now: Listing): readonly TreeChange[] {
  const old = new Map(before.map((item) => [item[0], item]))
  const changes: TreeChange[] = []
  for (const item of now) {
    const former = old.get(item[0])
    old.delete(item[0])
    const change = former ? difference(former, item) : 'added'
    if (change) changes.push({ path: item[0], change, ...digestsOf(former, item) })
  }
  for (const [path, item] of old) changes.push({ path, change: 'removed', ...digestsOf(item, undefined) })
  return changes.sort((a, b) => byBytes(a.path, b.path))
}

/** The digests of what is a file, before and now. */
function digestsOf(
  before: TreeItem | undefined,
  now: TreeItem | undefined,
): Pick<TreeChange, 'before' | 'now'> {
  const digest = (item: TreeItem | undefined): Digest | undefined =>
    item?.[1] === 'file' || item?.[1] === 'executable' ? item[2] : undefined
  const [old, current] = [digest(before), digest(now)]
  return { ...(old === undefined ? {} : { before: old }), ...(current === undefined ? {} : { now: current }) }
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

// Compares two listings of a tree, entry by entry.
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes, display } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import type { EntryChange } from '../planner/evidence.ts'
import type { TreeItem } from '../fingerprint/tree.ts'
import { isFile, parseLine } from '../fingerprint/tree.ts'

/** How one entry of a tree changed. */
export interface TreeChange {
  readonly path: RawPath
  readonly change: EntryChange['change']
  /** The digests of its content, if it was or is a file. */
  readonly before?: Digest
  readonly now?: Digest
  /** The descriptions of both, if the type or link target changed. */
  readonly values?: readonly [before: string, now: string]
}

/** Finds the entries in which two serialized listings of a tree differ, in the order of their paths. Pure. */
export function treeChanges(old: string, current: string): readonly TreeChange[] {
  const [before, now] = differingLines(old, current)
  const former = new Map(before.map(parseLine).map((item) => [item[0], item]))
  const changes: TreeChange[] = []
  for (const item of now.map(parseLine)) {
    const was = former.get(item[0])
    former.delete(item[0])
    const change = was ? difference(was, item) : 'added'
    if (change)
      changes.push({ path: item[0], change, ...digestsOf(was, item), ...valuesOf(change, was, item) })
  }
  for (const [path, item] of former) changes.push({ path, change: 'removed', ...digestsOf(item, undefined) })
  return changes.sort((a, b) => byBytes(a.path, b.path))
}

/** The lines that only one of two texts has. Large listings differ in few lines, so the common start and end stay unsplit. */
function differingLines(old: string, current: string): readonly [readonly string[], readonly string[]] {
  const start = old.lastIndexOf('\n', commonStart(old, current) - 1) + 1
  const [rest, currentRest] = [old.slice(start), current.slice(start)]
  const tail = rest.slice(rest.length - commonEnd(rest, currentRest))
  const end = tail.includes('\n') ? tail.length - tail.indexOf('\n') : 0
  const before = rest.slice(0, rest.length - end).split('\n')
  const now = currentRest.slice(0, currentRest.length - end).split('\n')
  const [all, allNow] = [new Set(before), new Set(now)]
  return [before.filter((line) => !allNow.has(line)), now.filter((line) => !all.has(line))]
}

/** The number of characters that two texts have in common at their beginnings. */
const commonStart = (a: string, b: string): number =>
  commonLength(a, b, (from, to) => a.slice(from, to) === b.slice(from, to))

/** The number of characters that two texts have in common at their ends. */
const commonEnd = (a: string, b: string): number =>
  commonLength(
    a,
    b,
    (from, to) => a.slice(a.length - to, a.length - from) === b.slice(b.length - to, b.length - from),
  )

/**
 * Finds the greatest length for which `isSame` returns true, by bisection. Comparing two long strings is one comparison
 * of memory, so this is faster than a loop over characters.
 */
function commonLength(a: string, b: string, isSame: (from: number, to: number) => boolean): number {
  let [low, high] = [0, Math.min(a.length, b.length)]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (isSame(low, middle)) low = middle
    else high = middle - 1
  }
  return low
}

function digestsOf(
  before: TreeItem | undefined,
  now: TreeItem | undefined,
): Pick<TreeChange, 'before' | 'now'> {
  const digest = (item: TreeItem | undefined): Digest | undefined =>
    item && isFile(item) ? item[2] : undefined
  const [old, current] = [digest(before), digest(now)]
  return { ...(old === undefined ? {} : { before: old }), ...(current === undefined ? {} : { now: current }) }
}

/** Both types or link targets of an entry, if they changed. */
function valuesOf(
  change: TreeChange['change'],
  before: TreeItem | undefined,
  now: TreeItem,
): Pick<TreeChange, 'values'> {
  if (!before || (change !== 'type' && change !== 'link target')) return {}
  const words = (item: TreeItem): string => {
    if (item[1] === 'symlink') return `${change === 'type' ? 'a link to ' : ''}${display(item[2])}`
    return item[1] === 'directory' ? 'a directory' : 'a file'
  }
  return { values: [words(before), words(now)] }
}

function difference(before: TreeItem, now: TreeItem): TreeChange['change'] | undefined {
  if (isFile(before) && isFile(now)) {
    if (before[2] !== now[2]) return 'content'
    if (before[1] === now[1]) return undefined
    return now[1] === 'executable' ? 'made executable' : 'no longer executable'
  }
  if (before[1] !== now[1]) return 'type'
  return before[2] === now[2] ? undefined : 'link target'
}

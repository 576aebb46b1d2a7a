import { formatSize } from '../declare/params.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import type { Reason } from '../plan/reason.ts'
import type { Part } from '../store/records.ts'
import { describeReason } from '../why/describe.ts'

/** A reason of an artifact in a line of plain words, sizes as somebody would write them where the artifact is given. */
export function reasonWords(reason: Reason, node: ArtifactNode | undefined): string {
  const isSize = (name: string): boolean => node?.params[name]?.type === 'size'
  if (reason.kind !== 'changed' || reason.now.kind !== 'param' || !isSize(reason.now.name))
    return describeReason(reason)
  const { before, now } = reason
  return describeReason({ ...reason, before: written(before), now: written(now) })
}

const written = (part: Part): Part =>
  typeof part.value === 'number' ? { ...part, value: formatSize(part.value) } : part

import { display, toBytes } from '../host/bytes.ts'
import { parseListing } from '../fingerprint/tree.ts'
import type { Reason } from '../plan/reason.ts'
import type { ObjectStore } from '../store/objects.ts'
import type { Part } from '../store/records.ts'
import type { Survey } from '../workspace/survey.ts'
import { treeChanges } from './tree.ts'

/** How many entries of a tree a reason lists before it counts the rest. */
const LISTED = 5

/** One reason in a line of plain words. */
export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'first-build':
      return 'it was never built'
    case 'forced':
      return 'forced'
    case 'changed':
      return describeChange(reason.before, reason.now)
    case 'added':
      return `${partName(reason.now)} is new`
    case 'removed':
      return `${partName(reason.before)} is gone`
    case 'module':
      return `code: ${reason.module} ${reason.change}`
    case 'lock':
      return `the lock ${reason.path} is ${reason.state}: it will be resolved first`
    case 'record-damaged':
      return 'its record is damaged'
    case 'record-lost':
      return 'its record is gone'
    case 'object-missing':
      return `its output '${reason.output}' is no longer in the store`
    case 'output-missing':
      return `output/${reason.path} is missing`
    case 'output-changed':
      return `output/${reason.path} is not what was built: ${reason.what}`
    case 'depends':
      return `depends on ${reason.artifact}, which will run`
  }
}

function describeChange(before: Part, now: Part): string {
  switch (now.kind) {
    case 'param':
      return `param ${now.name}: ${JSON.stringify(before.value)} → ${JSON.stringify(now.value)}`
    case 'env':
      return `environment ${now.name}: ${shownValue(before)} → ${shownValue(now)}`
    case 'platform':
      return `platform: ${String(before.value)} → ${String(now.value)}`
    case 'tool':
      return `tool ${now.name}: other bytes (${now.from ?? 'not installed'})`
    default:
      return `${partName(now)} changed`
  }
}

const shownValue = ({ value }: Part): string => (value === null ? 'not set' : JSON.stringify(value))

function partName({ kind, name, from }: Part): string {
  switch (kind) {
    case 'file':
    case 'tree':
      return `${from}${kind === 'tree' ? '/' : ''}`
    case 'output':
      return `the content of ${from}`
    case 'downloads':
      return `what the lock '${from}' names`
    default:
      return `${kind} ${name}`
  }
}

/** The entries of a changed tree, one a line, counted and cut; empty for every other reason. */
export async function describeEntries(
  reason: Reason,
  survey: Survey,
  objects: ObjectStore,
): Promise<readonly string[]> {
  if (reason.kind !== 'changed' || reason.now.kind !== 'tree') return []
  const root = reason.now.from!
  const before = objects.readText(String(reason.before.value))
  const now = survey.trees.get(root)
  if (before === undefined || !now) return []
  const changes = treeChanges(parseListing(before), await now.listing())
  const lines = changes
    .slice(0, LISTED)
    .map(({ path, change }) => `${display(`${toBytes(root)}/${path}`)} (${change})`)
  return changes.length > LISTED ? [...lines, `… and ${changes.length - LISTED} others`] : lines
}

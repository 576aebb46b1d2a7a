import { contentOf, digestIn, subjectOf } from '../planner/part.ts'
import type { FilePart, Part, Reason } from '../planner/types.ts'

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
      return `${partName(reason.now)} ${isInput(reason.now) ? 'is a new input' : `is new${valueOf(reason.now)}`}`
    case 'removed':
      return `${partName(reason.before)} ${isInput(reason.before) ? 'is no longer an input' : 'is no longer declared'}`
    case 'module':
      return `code: ${reason.module} ${reason.change}`
    case 'lockfile':
      return `the lock ${reason.path} is ${reason.state}: it will be resolved first`
    case 'record-damaged':
      return 'its record cannot be used'
    case 'record-lost':
      return 'its record is gone'
    case 'object-missing':
      return `its output '${reason.output}' is no longer in the store`
    case 'output-missing':
      return `output/${reason.path} is missing`
    case 'output-changed':
      return `output/${reason.path} is not what was built: ${reason.what}`
    case 'depends':
      return `depends on ${reason.artifact}, which is not up to date`
  }
}

function describeChange(before: Part, now: Part): string {
  switch (now.kind) {
    case 'param':
      return `param ${now.name}: ${JSON.stringify(contentOf(before))} → ${JSON.stringify(now.value)}`
    case 'env':
      return `environment ${now.name}: ${shownValue(before)} → ${shownValue(now)}`
    case 'platform':
      return `${now.name === 'epoch' ? 'epoch' : 'platform'}: ${String(contentOf(before))} → ${String(now.value)}`
    case 'tool':
      return `tool ${now.name}: other bytes (${now.path ?? 'not installed'})`
    case 'file':
      return `${now.path} ${fileChange(before, now)}`
    case 'downloads':
      return `${partName(now)} names other files than before`
    default:
      return `${partName(now)} changed`
  }
}

const isInput = ({ kind }: Part): boolean => ['file', 'tree', 'output', 'downloads'].includes(kind)

const valueOf = (part: Part): string => (part.kind === 'param' ? `: ${JSON.stringify(part.value)}` : '')

function fileChange(before: Part, now: FilePart): string {
  const former = digestIn(before)
  if (former === undefined) return 'is there now'
  if (now.digest === null) return 'is gone'
  if (former !== now.digest) return 'changed'
  return now.executable ? 'was made executable' : 'is no longer executable'
}

const shownValue = (part: Part): string => {
  const value = contentOf(part)
  return value === null ? 'not set' : JSON.stringify(value)
}

function partName(part: Part): string {
  switch (part.kind) {
    case 'file':
      return part.path
    case 'tree':
      return `${part.path}/`
    case 'output':
      return `the content of ${subjectOf(part)}`
    case 'downloads':
      return `the lock '${part.lockfile}'`
    default:
      return `${part.kind} ${part.name}`
  }
}

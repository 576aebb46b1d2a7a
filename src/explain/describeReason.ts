import { parseFileValue } from '../store/records.ts'
import type { Part, Reason } from '../planner/types.ts'

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
    case 'lock':
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
      return `param ${now.name}: ${JSON.stringify(before.value)} → ${JSON.stringify(now.value)}`
    case 'env':
      return `environment ${now.name}: ${shownValue(before)} → ${shownValue(now)}`
    case 'platform':
      return `${now.name === 'epoch' ? 'epoch' : 'platform'}: ${String(before.value)} → ${String(now.value)}`
    case 'tool':
      return `tool ${now.name}: other bytes (${now.from ?? 'not installed'})`
    case 'file':
      return `${now.from} ${fileChange(before, now)}`
    case 'downloads':
      return `${partName(now)} names other files than before`
    default:
      return `${partName(now)} changed`
  }
}

const isInput = ({ kind }: Part): boolean => ['file', 'tree', 'output', 'downloads'].includes(kind)

const valueOf = ({ kind, value }: Part): string => (kind === 'param' ? `: ${JSON.stringify(value)}` : '')

function fileChange(before: Part, now: Part): string {
  const [was, is] = [parseFileValue(before.value), parseFileValue(now.value)]
  if (!was) return 'is there now'
  if (!is) return 'is gone'
  if (was.digest !== is.digest) return 'changed'
  return is.executable ? 'was made executable' : 'is no longer executable'
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
      return `the lock '${from}'`
    default:
      return `${kind} ${name}`
  }
}

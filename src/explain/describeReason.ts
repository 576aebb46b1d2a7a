// Describes a reason in one line of text.
import { baseName } from '../graph/inputPath.ts'
import { contentOf, digestIn } from '../planner/part.ts'
import type { FilePart, OutputPart, Part, Reason } from '../planner/domain.ts'

/** Describes why an artifact is not fresh: `src/hello changed`, `param title: "a" → "b"`. */
export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'first-build':
      return 'first build'
    case 'forced':
      return 'forced'
    case 'changed':
      return describeChange(reason.before, reason.now)
    case 'added':
      return `${partName(reason.now)} ${isInput(reason.now) ? 'is a new input' : `is new${paramValue(reason.now)}`}`
    case 'removed':
      return `${partName(reason.before)} ${isInput(reason.before) ? 'is no longer an input' : 'is no longer declared'}`
    case 'module':
      return `code: ${reason.module} ${reason.change}`
    case 'lockfile':
      return `lockfile ${reason.path} is ${reason.state}: it will be resolved first`
    case 'record-damaged':
      return 'its record is damaged'
    case 'record-lost':
      return 'its record is missing'
    case 'record-unconfined':
      return 'its record was made without a sandbox'
    case 'object-missing':
      return `its output '${reason.output}' is missing from the store`
    case 'output-missing':
      return `output ${reason.path} is missing`
    case 'output-changed':
      return `output ${reason.path} was modified: ${reason.what}`
    case 'depends':
      return `depends on ${reason.artifact}, which is not fresh`
  }
}

function describeChange(before: Part, now: Part): string {
  switch (now.kind) {
    case 'param':
      return `param ${now.name}: ${JSON.stringify(contentOf(before))} → ${JSON.stringify(now.value)}`
    case 'env':
      return `environment variable ${now.name}: ${variableValue(before)} → ${variableValue(now)}`
    case 'platform':
      return `${now.name === 'epoch' ? 'epoch' : 'platform'}: ${String(contentOf(before))} → ${String(now.value)}`
    case 'tool':
      return `tool ${now.name} changed (${now.path ?? 'not installed'})`
    case 'file':
      return describeFileChange(before, now)
    case 'output':
      return describeOutputChange(before, now)
    default:
      return `${partName(now)} changed`
  }
}

const isInput = ({ kind }: Part): boolean => ['file', 'tree', 'output', 'downloads'].includes(kind)

const paramValue = (part: Part): string => (part.kind === 'param' ? `: ${JSON.stringify(part.value)}` : '')

/** A renamed file is one with another base name: the rest of its path does not count. */
function describeFileChange(before: Part, now: FilePart): string {
  if (before.kind !== 'file' || baseName(before.path) === baseName(now.path))
    return `${now.path} ${fileChange(before, now)}`
  return before.digest === now.digest
    ? `${before.path} was renamed to ${now.path}`
    : `${before.path} was replaced by ${now.path}`
}

function describeOutputChange(before: Part, now: OutputPart): string {
  if (before.kind !== 'output' || before.file === now.file) return `${partName(now)} changed`
  const renamed = `${partName(now)} was renamed from ${before.file} to ${now.file}`
  return before.digest === now.digest ? renamed : `${renamed} and changed`
}

function fileChange(before: Part, now: FilePart): string {
  const former = digestIn(before)
  if (former === undefined) return 'was added'
  if (now.digest === null) return 'was removed'
  if (former !== now.digest) return 'changed'
  return now.executable ? 'was made executable' : 'is no longer executable'
}

function variableValue(part: Part): string {
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
      return `output '${part.output}' of ${part.artifact}`
    case 'downloads':
      return `the downloads of lockfile '${part.lockfile}'`
    case 'env':
      return `environment variable ${part.name}`
    default:
      return `${part.kind} ${part.name}`
  }
}

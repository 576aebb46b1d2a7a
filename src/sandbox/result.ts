// Reads the result of a producer's process and checks the outputs that it wrote.
import * as v from 'valibot'
import type { FailureData } from '../platform/failureData.ts'
import { boundedFailure, failureSchema } from '../platform/failureData.ts'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import { display, fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { Failure, lastLines } from '../platform/failure.ts'
import { readEnd, readUntrusted } from '../platform/untrustedFile.ts'
import { toolDirectories } from '../workspace/toolPlaces.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ProducerResult } from './request.ts'
import { RESULT } from './request.ts'
import { readableStack } from './stack.ts'
import { onHost } from './toolMounts.ts'
import { undeclaredRead } from './undeclared.ts'
import type { WorkDirectory } from './workDirectory.ts'

/** The maximum size of a result, in bytes: the lockfile of a distro with 100,000 packages fits. */
const MAX_RESULT = 64 * 1024 * 1024
/** How much of the end of a log is read for a Failure, in bytes. */
const LOG_END = 64 * 1024

/** The producer's own code can write the result, so nothing of it is trusted. */
const Result = v.variant('ok', [
  v.object({
    ok: v.literal(true),
    files: v.exactOptional(v.array(v.unknown())),
    versions: v.exactOptional(v.record(v.string(), v.string())),
  }),
  v.object({ ok: v.literal(false), failure: failureSchema }),
])

/**
 * The result of a run. Throws a Failure with the error of the producer or tool that failed. If the run failed because
 * it read an undeclared file of the workspace, the Failure names that file and how to declare it.
 */
export function readResult(
  workspace: Pick<Workspace, 'disk' | 'locations' | 'configFiles' | 'graph'>,
  node: ArtifactNode | LockfileNode,
  work: WorkDirectory,
  ended: string,
): Extract<ProducerResult, { ok: true }> {
  const { disk, locations, configFiles } = workspace
  const result = resultOf(disk, work, ended)
  if (result.ok) return result
  const { headline, facts, hint, tail } = hostFailure(boundedFailure(result.failure), locations.root)
  const places = { root: locations.root, toolDirectories: toolDirectories(workspace) }
  const undeclared = undeclaredRead(disk, places, node, `${headline}\n${tail ?? ''}`)
  const advice = undeclared?.hint ?? hint
  throw new Failure(headline, {
    facts: [...(undeclared?.facts ?? []), ...facts, ['work directory', work.path], ['log', work.log]],
    ...(advice === undefined ? {} : { hint: advice }),
    ...(tail === undefined ? {} : { tail: readableStack(tail, configFiles, locations) }),
  })
}

/** A failure with the paths of tools as they are on the host. */
const hostFailure = ({ headline, facts, tail, ...rest }: FailureData, root: string): FailureData => ({
  ...rest,
  headline: onHost(root, headline),
  facts: facts.map(([label, value]) => [label, onHost(root, value)] as const),
  ...(tail === undefined ? {} : { tail: onHost(root, tail) }),
})

function resultOf(disk: Disk, work: WorkDirectory, ended: string): ProducerResult {
  const found = readUntrusted(disk, toRawPath(`${work.path}/work/${RESULT}`), MAX_RESULT)
  const result = typeof found === 'string' ? undefined : parseResult(found.toString())
  if (result) return result
  const problem = typeof found === 'string' ? found : 'is not a result'
  throw new Failure('the producer exited before it finished', {
    facts: [
      ['ended with', ended],
      ...(problem === 'is missing' ? [] : [['result', `${RESULT} ${problem}`] as const]),
      ['work directory', work.path],
    ],
    tail: lastLines(readEnd(disk, toRawPath(work.log), LOG_END).toString()),
    hint: earlyExitHint(problem, ended),
  })
}

function earlyExitHint(problem: string, ended: string): string {
  if (problem !== 'is missing') return `remove the code that writes ${RESULT}, a file of lbuild`
  return ended.startsWith('exit code')
    ? 'remove the call that ends the process, such as process.exit, from the producer and what it imports'
    : 'check what killed the process; the kernel does so for lack of memory (see dmesg)'
}

/** The result that a child process wrote; undefined if it is not one. */
function parseResult(text: string): ProducerResult | undefined {
  try {
    return v.parse(Result, JSON.parse(text))
  } catch {
    return undefined
  }
}

/** How many undeclared outputs an error names. */
const MAX_UNDECLARED = 20

/**
 * Checks that a run wrote exactly the declared outputs, each a regular file within the limit of the disk. Otherwise
 * throws a Failure with the last lines that the tools printed. A file with holes may be much larger than what it uses, and lbuild reads all of it.
 */
export function checkOutputs(disk: Disk, node: ArtifactNode, work: WorkDirectory): void {
  const directory = toRawPath(work.outputs)
  const undeclared = disk
    .readdir(directory)
    .map(fromRawPath)
    .filter((name) => !Object.hasOwn(node.outputs, name))
    .sort()
  const problems = [
    ...Object.keys(node.outputs).flatMap((name): [string, string][] => {
      const stat = disk.lstat(`${directory}/${toRawPath(name)}`)
      if (!stat) return [[name, 'was not written']]
      if (stat.type !== 'file') return [[name, `is a ${stat.type}, not a file`]]
      const { disk: limit } = node.limits
      return stat.size <= limit
        ? []
        : [[name, `has ${stat.size} bytes, more than its limit (disk: ${limit})`]]
    }),
    ...undeclared
      .slice(0, MAX_UNDECLARED)
      .map((name): [string, string] => [display(toRawPath(name)), 'was written but is not declared']),
    ...(undeclared.length <= MAX_UNDECLARED
      ? []
      : [['…', `${undeclared.length - MAX_UNDECLARED} more were written but are not declared`] as const]),
  ]
  if (problems.length === 0) return
  const tail = lastLines(readEnd(disk, toRawPath(work.log), LOG_END).toString())
  throw new Failure('the outputs differ from the declaration', {
    facts: [...problems, ['work directory', work.path], ['log', work.log]],
    ...(tail === '' ? {} : { tail }),
    hint: 'write every declared output to its path in outputs, and nothing else there',
  })
}

import { display, fromBytes, toBytes } from '../platform/bytes.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure, lastLines } from '../platform/failure.ts'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import type { RunContext } from '../executor/context.ts'
import type { ProducerResult } from './request.ts'
import { readableStack } from './stack.ts'
import { undeclaredRead } from './undeclared.ts'
import type { WorkDirectory } from '../executor/workDirectory.ts'

/**
 * What a run left. Throws a Failure with the words of what failed; where that is a file of the workspace which is not
 * declared, it says which, and what to add.
 */
export function readResult(
  context: RunContext,
  node: ArtifactNode | LockfileNode,
  work: WorkDirectory,
  ended: string,
): Extract<ProducerResult, { ok: true }> {
  const result = resultOf(context, work, ended)
  if (result.ok) return result
  const { headline, facts, hint, tail } = result.failure
  const { disk, locations, files } = context.workspace
  const undeclared = undeclaredRead(disk, locations.root, node, `${headline}\n${tail ?? ''}`)
  const advice = undeclared?.hint ?? hint
  throw new Failure(headline, {
    facts: [...(undeclared?.facts ?? []), ...facts, ['work directory', work.path], ['log', work.log]],
    ...(advice === undefined ? {} : { hint: advice }),
    ...(tail === undefined ? {} : { tail: readableStack(tail, files, locations) }),
  })
}

function resultOf({ workspace: { disk } }: RunContext, work: WorkDirectory, ended: string): ProducerResult {
  try {
    const path = toBytes(`${work.path}/work/.lbuild-result.json`)
    return JSON.parse(disk.readFile(path).toString()) as ProducerResult
  } catch (error) {
    if (errorCode(error) === '' && !(error instanceof SyntaxError)) throw error
    const log = disk.readFile(toBytes(work.log)).toString()
    throw new Failure('the process of the producer ended before it was done', {
      facts: [
        ['ended with', ended],
        ['work directory', work.path],
      ],
      tail: lastLines(log),
    })
  }
}

/** Checks that a run left exactly the declared outputs, each a regular file. */
export function checkOutputs(
  { workspace: { disk } }: RunContext,
  node: ArtifactNode,
  work: WorkDirectory,
): void {
  const directory = toBytes(work.outputs)
  const found = disk.readdir(directory).map(fromBytes).sort()
  const problems = [
    ...Object.keys(node.outputs).flatMap((name): [string, string][] => {
      const stat = disk.lstat(`${directory}/${toBytes(name)}`)
      if (!stat) return [[name, 'was not written']]
      return stat.type === 'file' ? [] : [[name, `is a ${stat.type}, not a file`]]
    }),
    ...found
      .filter((name) => !Object.hasOwn(node.outputs, name))
      .map((name): [string, string] => [display(toBytes(name)), 'was written and is not declared']),
  ]
  if (problems.length === 0) return
  throw new Failure('the outputs are not the declared ones', {
    facts: [...problems, ['work directory', work.path]],
    hint: 'write every declared output to the path in outputs, and nothing else there',
  })
}

// The entry point of the compiled program that runs code of the config on behalf of another lbuild, which reads the answer from a pipe.
import { writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { ANSWER_FD } from '../config/configProcess.ts'
import type { Answer, ConfigRequest } from '../config/configProcess.ts'
import { thrownFailure } from '../config/evaluate.ts'
import {
  evaluateGraph,
  evaluateMirrors,
  evaluateSources,
  prepareEvaluation,
} from '../config/evaluateGraph.ts'
import { HostGuard } from '../config/hostGuard.ts'
import { failureData } from '../platform/failureData.ts'
import { Failure } from '../platform/failure.ts'

const { stringify } = JSON

const guard = new HostGuard()

/** Writes the answer as one line, and ends the process, because the config may have started timers. */
function answer(result: Answer): never {
  guard.leave()
  const line = Buffer.from(`${stringify(result)}\n`)
  for (let done = 0; done < line.length;) done += writeSync(ANSWER_FD, line, done)
  process.exit()
}

const answerFailure = ({ exitCode, ...failure }: Failure): never =>
  answer({ ok: false, exitCode, failure: failureData(new Failure(failure.headline, failure)) })

/** Answers the request on standard input. */
export async function main(): Promise<never> {
  const [received] = await Promise.all([text(process.stdin), prepareEvaluation()])
  const request: ConfigRequest = JSON.parse(received)
  process.once('beforeExit', () => answerFailure(NEVER_SETTLES))
  process.once('uncaughtException', (error) => answerFailure(thrownFailure(error)))
  try {
    const result =
      request.task === 'mirrors'
        ? { mirrors: await evaluateMirrors(request) }
        : request.task === 'sources'
          ? { sources: await evaluateSources(request, guard) }
          : { graph: await evaluateGraph(request, guard) }
    // Node.js reports a rejected promise that nothing handles before this resolves.
    await setImmediate()
    return guard.refusal ? answerFailure(guard.refusal) : answer({ ok: true, ...result })
  } catch (error) {
    if (guard.refusal) return answerFailure(guard.refusal)
    const { reportedFailure } = await import('./reportFailure.ts')
    return answerFailure(reportedFailure(error))
  }
}

/** Node.js ends when nothing is left to run, even if the config still awaits a promise. */
const NEVER_SETTLES = new Failure('build.config.ts awaits a promise that nothing can settle', {
  hint: 'resolve or reject every promise that the config and its imports await',
  exitCode: 2,
})

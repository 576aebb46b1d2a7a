import { Failure } from '../../platform/failure.ts'
import { failureData } from '../../executor/report.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import { print } from '../render/print.ts'
import type { Invocation } from '../session.ts'
import { startOf } from '../session.ts'

/**
 * `lbuild check-config`: loads the config, and prints as one line of JSON what is wrong with it, or that nothing is.
 * `watch` has it loaded so, in a process of its own: the distro's code may run for ever, or change what is global.
 */
export async function checkConfigCommand(
  { home }: Invocation,
  { directory }: { readonly directory?: string },
): Promise<number> {
  try {
    const { index } = await openWorkspace({ start: startOf(directory), home })
    index.save()
    print(`${JSON.stringify({ schemaVersion: 1, ok: true })}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    print(`${JSON.stringify({ schemaVersion: 1, ok: false, failure: failureData(error) })}\n`)
    return error.exitCode
  }
}

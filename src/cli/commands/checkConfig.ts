// `lbuild check-config`: loads the config and prints as one line of JSON whether it is valid.
import { failureData } from '../../events/failureData.ts'
import { Failure } from '../../platform/failure.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import type { CommandContext } from '../command.ts'
import { workspaceCommand } from '../command.ts'
import { print, SCHEMA_VERSION } from '../render/print.ts'
import { directoriesOf } from '../selection.ts'

/** Hidden from help: `watch` runs it in a process of its own, because code of a distro may loop or change global state. */
export const command = ({ invocation, exit }: CommandContext) =>
  workspaceCommand('check-config')
    .description('Check build.config.ts')
    .action(async (options) => exit(await checkConfig(invocation.home, options)))

async function checkConfig(home: string, options: Parameters<typeof directoriesOf>[0]): Promise<number> {
  try {
    const { index } = await openWorkspace({ home, ...directoriesOf(options) })
    index.save()
    print(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ok: true })}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    print(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ok: false, failure: failureData(error) })}\n`)
    return error.exitCode
  }
}

// `lbuild check-config`: evaluates the config, and prints as one line of JSON whether it is valid.
import { writeSync } from 'node:fs'
import { Option } from '@commander-js/extra-typings'
import { ANSWER_FD } from '../../config/configProcess.ts'
import { loadConfigHere } from '../../config/load.ts'
import { failureData } from '../../platform/failureData.ts'
import { Failure } from '../../platform/failure.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import type { CommandContext } from '../command.ts'
import { workspaceCommand } from '../command.ts'
import { SCHEMA_VERSION } from '../render/print.ts'
import { directoriesOf } from '../selection.ts'

const declare = () =>
  workspaceCommand('check-config')
    .description('Check build.config.ts')
    .addOption(new Option('--answer', 'write the line to file descriptor 3').hideHelp())

/** Hidden from help: other commands run it in a process of its own, because code of a distro may loop or change global state. */
export const command = ({ invocation }: CommandContext) =>
  declare().action((options) => checkConfig(invocation.home, options))

/** Ends the process, because the config may have started timers or servers. */
async function checkConfig(
  home: string,
  { answer, ...options }: Parameters<typeof directoriesOf>[0] & { answer?: true },
): Promise<never> {
  const end = (failure?: Failure): never => {
    const document = failure ? { ok: false, failure: failureData(failure) } : { ok: true }
    const line = `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...document })}\n`
    writeSync(answer ? ANSWER_FD : process.stdout.fd, line)
    process.exit(failure?.exitCode ?? 0)
  }
  process.once('beforeExit', () => end(NEVER_SETTLES))
  try {
    const { index } = await openWorkspace({ home, ...directoriesOf(options), load: loadConfigHere })
    index.save()
  } catch (error) {
    if (error instanceof Failure) return end(error)
    throw error
  }
  return end()
}

/** Node.js ends when nothing is left to run, even if the config still awaits a promise. */
const NEVER_SETTLES = new Failure('build.config.ts awaits a promise that nothing can settle', {
  hint: 'resolve or reject every promise that the config and its imports await',
  exitCode: 2,
})

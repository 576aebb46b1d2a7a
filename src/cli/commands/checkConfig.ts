// `lbuild check-config`: runs code of the config, and prints as one line of JSON whether it is valid.
import { readFileSync, writeSync } from 'node:fs'
import { Option } from '@commander-js/extra-typings'
import type { MirrorRequest } from '../../config/configProcess.ts'
import { ANSWER_FD } from '../../config/configProcess.ts'
import { evaluateConfig, thrownFailure } from '../../config/evaluate.ts'
import { loadConfigHere } from '../../config/load.ts'
import { failureData } from '../../platform/failureData.ts'
import { Failure } from '../../platform/failure.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { workspaceCommand } from '../command.ts'
import { SCHEMA_VERSION } from '../render/print.ts'
import { reportedFailure } from '../reportFailure.ts'
import { directoriesOf } from '../selection.ts'

const declare = () =>
  workspaceCommand('check-config')
    .description('Check build.config.ts')
    .addOption(new Option('--answer', 'write the line to file descriptor 3').hideHelp())
    .addOption(new Option('--mirrors', 'read a request for mirrors from standard input').hideHelp())

/** Hidden from help: other commands run it in a process of its own, because code of a distro may loop or change global state. */
export const command = ({ invocation }: CommandContext) =>
  declare().action((options) => checkConfig(invocation.home, options))

/** Ends the process, because the config may have started timers or servers. */
async function checkConfig(home: string, options: OptionsOf<typeof declare>): Promise<never> {
  const end = (result: Failure | { readonly mirrors?: readonly (readonly string[])[] }): never => {
    const failed = result instanceof Failure
    const document = failed
      ? { ok: false, exitCode: result.exitCode, failure: failureData(result) }
      : { ok: true, ...result }
    const line = Buffer.from(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...document })}\n`)
    const fd = options.answer ? ANSWER_FD : process.stdout.fd
    for (let done = 0; done < line.length;) done += writeSync(fd, line, done)
    process.exit(failed ? result.exitCode : 0)
  }
  process.once('beforeExit', () => end(NEVER_SETTLES))
  try {
    if (options.mirrors) return end({ mirrors: await mirrorsFor(readRequest()) })
    const { index } = await openWorkspace({
      home,
      hasSandbox: () => false,
      ...directoriesOf(options),
      load: loadConfigHere,
    })
    index.save()
  } catch (error) {
    return end(reportedFailure(error))
  }
  return end({})
}

/** The request that the parent process wrote. */
const readRequest = (): MirrorRequest => JSON.parse(readFileSync(process.stdin.fd, 'utf8'))

/** Calls `mirrors`. It may read any variable: the environment decides where files come from, never what they contain. */
async function mirrorsFor({
  bundle,
  lockfile,
  params,
  files,
}: MirrorRequest): Promise<readonly (readonly string[])[]> {
  const { lockfiles } = await evaluateConfig(bundle, (name) => name === lockfile)
  const declaration = lockfiles.get(lockfile)?.declaration
  try {
    return files.map((file) => declaration?.mirrors(params, file) ?? [])
  } catch (error) {
    throw thrownFailure(error)
  }
}

/** Node.js ends when nothing is left to run, even if the config still awaits a promise. */
const NEVER_SETTLES = new Failure('build.config.ts awaits a promise that nothing can settle', {
  hint: 'resolve or reject every promise that the config and its imports await',
  exitCode: 2,
})

// `lbuild report`: writes one build as a page for a browser, from the event log and the store; opens neither the config nor
// an input.
import { mkdirSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { realDisk, replaceFile } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import { toRawPath } from '../../platform/rawPath.ts'
import { locationsFor } from '../../workspace/workspace.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { OUTPUT_OPTION, workspaceCommand } from '../command.ts'
import { pastBuild } from '../pastBuild.ts'
import { print } from '../render/print.ts'
import { directoriesOf } from '../selection.ts'

const declare = () =>
  workspaceCommand('report')
    .description('Write a build as a page for a browser: graph, causes, timeline, trends')
    .option(
      '--build <id>',
      "show this build: 'last'; an id, such as 20261128-163724-629-cc7fa3, or its beginning; or the beginning of its last part, such as cc7",
      'last',
    )
    .option('-o, --file <file>', 'write the page to this file (default: output/lbuild-report.html)')
    .addOption(OUTPUT_OPTION)

type ReportOptions = OptionsOf<typeof declare>

export const command = (context: CommandContext) =>
  declare().action(async (options) => {
    await report(context, options)
    context.exit(0)
  })

/** The name of the page in the directory of outputs. */
const DEFAULT_NAME = 'lbuild-report.html'

async function report(
  { invocation: { home, code } }: CommandContext,
  { build: id, file, ...options }: ReportOptions,
): Promise<void> {
  const locations = locationsFor(realDisk, { home, ...directoriesOf(options) })
  const path = file === undefined ? `${locations.output}/${DEFAULT_NAME}` : resolve(file)
  checkFile(path, file === undefined)
  const build = await pastBuild(locations.cache, id)
  const { pageAssets, pageSource } = await import('../reportPage.ts')
  const { pageData } = await import('../../report/pageData.ts')
  const { pageHtml } = await import('../../report/html.ts')
  const data = await pageData(await pageSource(locations, build, Date.now()))
  if (file === undefined) mkdirSync(locations.output, { recursive: true })
  replaceFile(realDisk, toRawPath(path), pageHtml(data, pageAssets(code)))
  print(`wrote the report of the build ${build.id} to ${relative(process.cwd(), path) || path}\n`)
}

/** Throws a Failure (exit code 2) if no file can be written to a path. lbuild creates the directory of the default file. */
function checkFile(path: string, isDefault: boolean): void {
  const fail = (problem: string, at: string): never => {
    throw new Failure(`cannot write the report: ${problem}`, {
      facts: [['path', at]],
      hint: 'name a file in an existing directory with -o',
      exitCode: 2,
    })
  }
  const found = realDisk.stat(toRawPath(path)) ?? realDisk.lstat(toRawPath(path))
  if (found && found.type !== 'file') fail(`the path is a ${found.type}, not a file`, path)
  const directory = realDisk.stat(toRawPath(dirname(path)))
  if (!isDefault && directory?.type !== 'directory') fail('no such directory', dirname(path))
}

// `lbuild init`: writes the files of a new distro.
import { Option } from '@commander-js/extra-typings'
import { realpathSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { checkUtf8 } from '../../config/locations.ts'
import { suggestion } from '../../graph/names.ts'
import { realDisk } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import { DEFAULT_TEMPLATE, TEMPLATES } from '../../templates/templates.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { plainCommand } from '../command.ts'
import { distroDependencies, manifestText } from '../init/dependency.ts'
import { initReport } from '../init/report.ts'
import { distroName, templateFiles } from '../init/templateFiles.ts'
import { writeFiles } from '../init/writeFiles.ts'
import { print } from '../render/print.ts'

/** The names of the templates. */
const NAMES: readonly string[] = [...TEMPLATES.keys()]

const declare = () =>
  plainCommand('init')
    .description('Write the files of a new distro into a directory; never overwrites a file')
    .argument('[dir]', 'the directory, which is created if it is missing (default: .)')
    .addOption(
      new Option('--template <name>', `the template to copy (default: ${DEFAULT_TEMPLATE})`)
        .choices(NAMES)
        .argParser(templateName),
    )
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', templateHelp)

/** Checks the name of a template, with a suggestion. */
function templateName(name: string): string {
  if (NAMES.includes(name)) return name
  throw new Failure(`unknown template '${name}'`, { hint: suggestion(name, NAMES), exitCode: 2 })
}

const templateHelp = (): string => {
  const width = Math.max(...NAMES.map(({ length }) => length))
  const rows = [...TEMPLATES].map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`)
  return `\nTemplates:\n${rows.join('')}`
}

export const command = (context: CommandContext) =>
  declare().action((dir, options) => init(context, dir, options))

function init(
  { invocation }: CommandContext,
  dir: string | undefined,
  options: OptionsOf<typeof declare>,
): void {
  const { template = DEFAULT_TEMPLATE } = options
  const root = resolve(dir ?? '.')
  checkUtf8('the distro', root)
  const home = realpathSync(invocation.home)
  const name = distroName(basename(root))
  const dependencies = distroDependencies(home, root)
  const manifest = { path: 'package.json', text: manifestText(name, dependencies), executable: false }
  const files = [...templateFiles(home, template, name), manifest]
  const written = writeFiles(realDisk, root, files)
  const isDefault = options.template === undefined
  print(initReport({ root, dir, template, isDefault, files, written, dependencies }))
}

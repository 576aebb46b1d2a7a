// `lbuild check`: reports mistakes in declarations before a build meets them.
import { readFileSync } from 'node:fs'
import type { Finding } from '../../check/finding.ts'
import { onlyTypes } from '../../check/finding.ts'
import { nameFindings } from '../../check/names.ts'
import { placesIn } from '../../check/sourcePlaces.ts'
import { checkTypes } from '../../check/types.ts'
import { ConfigProcess } from '../../config/configProcess.ts'
import { hasTool } from '../../debian/hostInstall.ts'
import { ownTools } from '../../executor/preflight.ts'
import { searchPath } from '../../platform/findTool.ts'
import { printable, printableLines } from '../../platform/printable.ts'
import { toRawPath } from '../../platform/rawPath.ts'
import { toolDirectories } from '../../workspace/toolPlaces.ts'
import { nearby } from '../../workspace/unusableInputs.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { CommandContext } from '../command.ts'
import { workspaceCommand } from '../command.ts'
import { paint } from '../render/color.ts'
import { counted } from '../../platform/units.ts'
import { print, printDocument } from '../render/print.ts'
import { openSelection } from '../selection.ts'

const ABOUT = `
Reports errors of TypeScript, if it is installed in the workspace; inputs, params, outputs and tools that a producer uses
but does not declare; inputs, params and outputs that it declares but never uses; declared files and directories that do not
exist; and declared tools that this host lacks. It reads the source of producers and reports only what is certain: if a
producer passes its inputs, params or outputs as a whole to another function, it may use all of them.
`

export const command = (context: CommandContext) =>
  workspaceCommand('check')
    .description('Check the config: types, undeclared and unused names, missing inputs and tools')
    .addHelpText('after', ABOUT)
    .option('--json', 'print one JSON document (docs/json.md)')
    .action(async (options) => {
      const { invocation, signal, exit } = context
      const { workspace } = await openSelection(invocation, [], options)
      workspace.index.save()
      const types = await checkTypes(workspace.locations.root, signal)
      signal.throwIfAborted()
      const names = await namesOf(workspace, signal)
      const missing = [...missingInputs(workspace), ...missingTools(workspace)]
      const findings = [...onlyTypes(types?.findings ?? [], names), ...names, ...missing]
      const { artifacts, lockfiles } = workspace.graph
      const typescript = types?.version ?? null
      if (options.json)
        printDocument({ artifacts: artifacts.length, lockfiles: lockfiles.length, typescript, findings })
      else print(`${findings.map(findingText).join('')}${summary(workspace, typescript, findings.length)}\n`)
      exit(findings.length === 0 ? 0 : 1)
    })

async function namesOf(
  { graph, locations, bundle, configFiles }: Workspace,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const sources = await new ConfigProcess(locations, { signal, showsOutput: false }).sources({ bundle })
  return nameFindings(graph, sources, placesIn(readFileSync(bundle, 'utf8'), bundle, configFiles))
}

/** The declared files and directories of the workspace that do not exist. */
const missingInputs = ({ graph, disk, locations: { root } }: Workspace): readonly Finding[] =>
  [...graph.artifacts, ...graph.lockfiles].flatMap(({ name, inputs }) =>
    Object.entries(inputs).flatMap(([input, declared]): readonly Finding[] => {
      if ((declared.kind !== 'file' && declared.kind !== 'tree') || declared.optional) return []
      if (disk.lstat(toRawPath(`${root}/${declared.path}`))) return []
      const message = `'${declared.path}' does not exist, which is the input '${input}' of '${name}'`
      return [{ kind: 'missing-input', message, hint: nearby(disk, root, declared.path) }]
    }),
  )

/** The tools that this host lacks, with who declares each. */
function missingTools(workspace: Workspace): readonly Finding[] {
  const { artifacts, lockfiles } = workspace.graph
  const path = searchPath(toolDirectories(workspace))
  const declared = [...artifacts, ...lockfiles].flatMap(({ name, tools }) =>
    tools.map((tool) => ({ owner: `'${name}'`, tool: tool.name })),
  )
  const all = [...ownTools().map((tool) => ({ owner: 'lbuild', tool })), ...declared]
  return [...new Set(all.map(({ tool }) => tool))]
    .filter((tool) => !hasTool(tool, path))
    .map((tool) => {
      const owners = [...new Set(all.filter((one) => one.tool === tool).map(({ owner }) => owner))]
      return {
        kind: 'missing-tool',
        message: `this host lacks the tool '${tool}', which ${owners.join(', ')} ${owners.length === 1 ? 'needs' : 'need'}`,
        hint: 'run lbuild doctor --install',
      }
    })
}

function findingText({ kind, message, hint, place }: Finding): string {
  const [first = '', ...more] = printableLines(message)
  const where = place ? `${printable(place.file)}:${place.line}:${place.column}: ` : ''
  const lines = [`${where}${paint(process.stdout, 'red', kind)}: ${first}`, ...more]
  return `${lines.join('\n')}\n${hint === undefined ? '' : `  ${paint(process.stdout, 'cyan', 'hint:')} ${printable(hint)}\n`}`
}

function summary({ graph }: Workspace, typescript: string | null, findings: number): string {
  const checked = `${counted(graph.artifacts.length, 'artifact')}, ${counted(graph.lockfiles.length, 'lockfile')}`
  const types =
    typescript === null
      ? 'types not checked: typescript is not installed in this workspace'
      : `types checked by TypeScript ${printable(typescript)}`
  return `${findings === 0 ? 'no findings' : counted(findings, 'finding')} (${checked}; ${types})`
}

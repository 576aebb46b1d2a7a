// `lbuild doctor`: checks whether this host has what builds and boot checks need.
import { detectManager, missingToolsFailure } from '../../debian/hostInstall.ts'
import { allTools } from '../../executor/preflight.ts'
import { Failure } from '../../platform/failure.ts'
import { failureData } from '../../platform/failureData.ts'
import { MissingToolsFailure } from '../../platform/missingTools.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import { memoryIsRoomy } from '../../sandbox/bubblewrap.ts'
import { openSandbox } from '../../sandbox/confinement.ts'
import { closeNamespaces } from '../../sandbox/namespaces.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { collect, workspaceCommand } from '../command.ts'
import { install, missingTools } from '../hostTools.ts'
import { paint, usesColor } from '../render/color.ts'
import { print, printDocument } from '../render/print.ts'
import { openSelection } from '../selection.ts'

const declare = () =>
  workspaceCommand('doctor')
    .description('Check whether this host has the tools and permissions that builds and VMs need')
    .option('--install', 'install missing tools with the package manager of the host, as root or with sudo')
    .option('--with <tool>', 'also check for this tool; repeatable', collect)
    .option('--json', 'print one JSON document (docs/json.md)')

export const command = (context: CommandContext) =>
  declare().action(async (options) => context.exit(await doctor(context, options)))

/** The tools of `boot` and `run`. */
const VM_TOOLS: readonly string[] = ['qemu-system-x86_64', 'qemu-img', 'ovmf', 'setpriv']

/** What this host has of what builds and VMs need. */
interface HostReport {
  readonly tools: readonly string[]
  readonly missing: readonly string[]
  /** Missing if bubblewrap is not installed. */
  readonly sandbox?: SandboxReport
  /** Where scratch directories are. */
  readonly scratch: 'memory' | 'disk'
}

/** Whether producers run in a sandbox. Builds fail on a host that refuses it. */
type SandboxReport =
  | { readonly state: 'works' }
  | { readonly state: 'unconfined'; readonly reason: string }
  | { readonly state: 'refused'; readonly failure: Failure }

async function doctor({ invocation }: CommandContext, options: OptionsOf<typeof declare>): Promise<number> {
  const { workspace } = await openSelection(invocation, [], options)
  workspace.index.save()
  const tools = [...new Set([...allTools(workspace.graph), ...VM_TOOLS, ...(options.with ?? [])])]
  if (options.install) await install(tools)
  const report = await examineHost(tools)
  const failure = report.missing.length > 0 ? new MissingToolsFailure(report.missing) : undefined
  const exitCode = failure?.exitCode ?? (report.sandbox?.state === 'refused' ? 1 : 0)
  if (options.json) printDocument(documentOf(report, exitCode))
  else show(report)
  if (failure && !options.json) throw failure
  return exitCode
}

async function examineHost(tools: readonly string[]): Promise<HostReport> {
  const missing = missingTools(tools)
  const scratch = memoryIsRoomy() ? 'memory' : 'disk'
  if (missing.includes('bwrap')) return { tools, missing, scratch }
  return { tools, missing, sandbox: await examineSandbox(), scratch }
}

async function examineSandbox(): Promise<SandboxReport> {
  try {
    const opened = await openSandbox()
    if ('reason' in opened) return { state: 'unconfined', reason: opened.reason }
    closeNamespaces(opened)
    return { state: 'works' }
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure
    return { state: 'refused', failure }
  }
}

/** The JSON of `doctor`. */
function documentOf({ tools, missing, sandbox, scratch }: HostReport, exitCode: number): object {
  return {
    tools: tools.map((name) => ({ name, installed: !missing.includes(name) })),
    sandbox:
      sandbox?.state === 'refused'
        ? { ...sandbox, failure: failureData(sandbox.failure) }
        : (sandbox ?? null),
    scratch,
    ...(missing.length > 0 ? { failure: failureData(missingToolsFailure(missing, detectManager())) } : {}),
    exitCode,
  }
}

function show({ tools, missing, sandbox, scratch }: HostReport): void {
  if (missing.length === 0) line('ok', `all ${tools.length} tools are installed`)
  else line('no', `missing tools: ${missing.join(', ')}`)
  if (sandbox?.state === 'works') line('ok', 'producers run in a sandbox')
  if (sandbox?.state === 'unconfined') line('no', `producers run without a sandbox: ${sandbox.reason}`)
  if (sandbox?.state === 'refused') line('no', renderFailure(sandbox.failure, usesColor(process.stdout)))
  line(
    'ok',
    scratch === 'memory'
      ? 'scratch directories fit into memory'
      : 'memory is short: scratch directories are on the disk, which is slower',
  )
}

const line = (verdict: 'ok' | 'no', text: string): void =>
  print(`${paint(process.stdout, verdict === 'ok' ? 'green' : 'red', verdict)}    ${text}\n`)

// `lbuild doctor`: checks whether this host has what builds and boot checks need.
import { allTools } from '../../executor/preflight.ts'
import { Failure } from '../../platform/failure.ts'
import { MissingToolsFailure } from '../../platform/missingTools.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import { memoryIsRoomy } from '../../sandbox/bubblewrap.ts'
import { openSandbox } from '../../sandbox/confinement.ts'
import { closeNamespaces } from '../../sandbox/namespaces.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { collect, workspaceCommand } from '../command.ts'
import { install, missingTools } from '../hostTools.ts'
import { paint, usesColor } from '../render/color.ts'
import { print } from '../render/print.ts'
import { openSelection } from '../selection.ts'

const declare = () =>
  workspaceCommand('doctor')
    .description('Check whether this host has the tools and permissions that builds and VMs need')
    .option('--install', 'install missing tools with the package manager of the host, as root or with sudo')
    .option('--with <tool>', 'also check for this tool; repeatable', collect)

export const command = (context: CommandContext) =>
  declare().action(async (options) => context.exit(await doctor(context, options)))

/** The tools of `boot` and `run`. */
const VM_TOOLS: readonly string[] = ['qemu-system-x86_64', 'qemu-img', 'ovmf', 'setpriv']

async function doctor({ invocation }: CommandContext, options: OptionsOf<typeof declare>): Promise<number> {
  const { workspace } = await openSelection(invocation, [], options)
  workspace.index.save()
  const needed = [...new Set([...allTools(workspace.graph), ...VM_TOOLS, ...(options.with ?? [])])]
  if (options.install) await install(needed)
  const missing = missingTools(needed)
  if (missing.length === 0) report('ok', `all ${needed.length} tools are installed`)
  else report('no', `missing tools: ${missing.join(', ')}`)
  const canBuild = missing.includes('bwrap') || (await checkSandbox())
  report(
    'ok',
    memoryIsRoomy()
      ? 'scratch directories fit into memory'
      : 'memory is short: scratch directories are on the disk, which is slower',
  )
  if (missing.length > 0) throw new MissingToolsFailure(missing)
  return canBuild ? 0 : 1
}

/** Reports whether producers can run in a sandbox. False if this host refuses what a build needs. */
async function checkSandbox(): Promise<boolean> {
  try {
    const opened = await openSandbox()
    if ('reason' in opened) report('no', `producers run without a sandbox: ${opened.reason}`)
    else {
      closeNamespaces(opened)
      report('ok', 'producers run in a sandbox')
    }
    return true
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    report('no', renderFailure(error, usesColor(process.stdout)))
    return false
  }
}

const report = (verdict: 'ok' | 'no', text: string): void =>
  print(`${paint(process.stdout, verdict === 'ok' ? 'green' : 'red', verdict)}    ${text}\n`)

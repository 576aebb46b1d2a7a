import { print } from '../render/print.ts'
import { Failure } from '../../platform/failure.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import { hasTool, installTools } from '../../debian/install.ts'
import { MissingToolsFailure } from '../../platform/missingTools.ts'
import { findOvmf } from '../../vm/firmware.ts'
import type { Graph } from '../../graph/graph.ts'
import { allTools } from '../../executor/preflight.ts'
import { memoryIsRoomy, probeConfinement } from '../../sandbox/bubblewrap.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { openSession } from '../session.ts'
import { paint, usesColor } from '../render/format.ts'

export interface DoctorOptions extends WorkspaceOptions {
  readonly install?: boolean
  /** Further tools to look for. */
  readonly with: readonly string[]
}

/** What `boot` and `run` need beside the tools of the build. */
const BOOT_TOOLS: readonly string[] = ['qemu-system-x86_64', 'qemu-img', 'ovmf', 'setpriv']

/** `lbuild doctor`: whether this host has what builds and boot checks need. */
export async function doctorCommand(invocation: Invocation, options: DoctorOptions): Promise<number> {
  const { workspace } = await openSession(invocation, [], options)
  workspace.index.save()
  const needed = [...allTools(workspace.graph), ...BOOT_TOOLS, ...options.with]
  if (options.install) await install(needed)
  const missing = missingOf(needed)
  const good = (text: string): void => void print(`${paint(process.stdout, 'green', 'ok')}    ${text}\n`)
  const bad = (text: string): void => void print(`${paint(process.stdout, 'red', 'no')}    ${text}\n`)
  if (missing.length === 0) good(`all ${needed.length} tools are there`)
  else bad(`missing: ${missing.join(', ')}`)
  let confined = true
  if (!missing.includes('bwrap'))
    try {
      const { reason } = await probeConfinement()
      if (reason === undefined) good('producers can be confined')
      else bad(`producers run unconfined: ${reason}`)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      confined = false
      bad(renderFailure(error, usesColor(process.stdout)))
    }
  good(
    memoryIsRoomy() ? 'transient trees fit into memory' : 'memory is short: transient trees go to the disk',
  )
  if (missing.length > 0) throw new MissingToolsFailure(missing)
  return confined ? 0 : 1
}

/** Installs what building needs and this host lacks, before a build. */
export async function installMissing(graph: Graph): Promise<void> {
  await install(allTools(graph))
}

/** Whether this host has a tool, or the firmware that lbuild looks up itself. */
const isPresent = (name: string): boolean => (name === 'ovmf' ? findOvmf() !== undefined : hasTool(name))

const missingOf = (tools: readonly string[]): string[] =>
  [...new Set(tools)].filter((name) => !isPresent(name))

async function install(tools: readonly string[]): Promise<void> {
  const missing = missingOf(tools)
  if (missing.length > 0) process.stderr.write(`installing ${missing.join(', ')} …\n`)
  await installTools(missing, { isPresent, say: (line) => void process.stderr.write(`  ${line}\n`) })
}

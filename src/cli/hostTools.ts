// Finds and installs the host tools that lbuild needs.
import { hasTool, installTools } from '../debian/hostInstall.ts'
import { allTools } from '../executor/preflight.ts'
import type { Graph } from '../graph/graph.ts'
import { findOvmf } from '../vm/firmware.ts'

/** The tools that this host lacks, each once, in the order given. */
export const missingTools = (tools: readonly string[]): readonly string[] =>
  [...new Set(tools)].filter((name) => !isPresent(name))

/** Whether this host has a tool, or the UEFI firmware, which is no program. */
const isPresent = (name: string): boolean => (name === 'ovmf' ? findOvmf() !== undefined : hasTool(name))

/** Installs the tools that building needs and this host lacks. */
export const installMissing = (graph: Graph): Promise<void> => install(allTools(graph))

/** Installs the missing ones of some tools with the package manager of the host, whose output goes to standard error. */
export async function install(tools: readonly string[]): Promise<void> {
  const missing = missingTools(tools)
  if (missing.length > 0) process.stderr.write(`installing ${missing.join(', ')} …\n`)
  await installTools(missing, { isPresent, say: (line) => void process.stderr.write(`  ${line}\n`) })
}

// Loads the distro whose targets and params a shell completes.
import { homedir } from 'node:os'
import type { Graph } from '../../graph/graph.ts'
import { openQuietly } from '../selection.ts'
import type { Invocation } from '../invocation.ts'

/** How long a completion waits for a config that changed, in milliseconds. */
const PATIENCE_MS = 5000

/** The graph of the distro that a command line selects; undefined if there is none, or if its config is broken or slow. */
export async function distroOf(invocation: Invocation, words: readonly string[]): Promise<Graph | undefined> {
  const at = words.findIndex((word) => word === '-C' || word === '--directory')
  const directory = at < 0 ? undefined : words[at + 1]?.replace(/^~(?=\/|$)/, homedir())
  try {
    const { workspace } = await openQuietly(
      { ...invocation, signal: AbortSignal.timeout(PATIENCE_MS) },
      [],
      directory === undefined ? {} : { directory },
    )
    workspace.index.save()
    return workspace.graph
  } catch {
    return undefined
  }
}

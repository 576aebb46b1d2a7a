import { monotonicSeconds } from '../platform/clock.ts'
import type { LockedFile } from '../api/lockfile.ts'
import { evaluateConfig } from '../config/evaluate.ts'
import { paramValues } from '../graph/graph.ts'
import { fetchFiles, missingFiles } from './fetch.ts'
import type { RunContext } from '../executor/context.ts'
import { lockfileSnapshot } from '../workspace/snapshot.ts'

const fetching = new Map<string, Promise<void>>()

/** Brings every file of a lock into the store; once for each lock, however many artifacts ask. */
export function fetchDownloads(context: RunContext, name: string): Promise<void> {
  const under = fetching.get(name)
  if (under) return under
  const fetched = fetchMissing(context, name).finally(() => fetching.delete(name))
  fetching.set(name, fetched)
  return fetched
}

async function fetchMissing(
  { workspace, snapshot, listener, signal }: RunContext,
  name: string,
): Promise<void> {
  const { node, content } = lockfileSnapshot(snapshot, name)
  const files = missingFiles(workspace, content?.files ?? [])
  if (files.length === 0) return
  const startedAt = monotonicSeconds()
  listener({
    type: 'fetching',
    lockfile: name,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  })
  // With the whole environment: what it moves in `mirrors` is where files come from, and never what they are.
  const config = await evaluateConfig(workspace.bundle)
  const { declaration } = config.lockfiles.get(name)!
  const params = paramValues(node)
  await fetchFiles(workspace, name, files, (file: LockedFile) => declaration.mirrors(params, file), signal)
  listener({ type: 'fetched', lockfile: name, seconds: monotonicSeconds() - startedAt })
}

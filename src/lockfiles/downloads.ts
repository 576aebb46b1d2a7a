// Fetches the files of lockfiles into the store. Two artifacts that need the same lockfile share one fetch.
import { ConfigProcess } from '../config/configProcess.ts'
import type { Listener } from '../events/events.ts'
import { paramValues } from '../graph/graph.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import type { Snapshot } from '../workspace/snapshot.ts'
import { lockfileSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { fetchFiles, missingFiles } from './fetch.ts'

/** What fetching needs of a build session. */
export interface FetchContext {
  readonly workspace: Workspace
  readonly snapshot: Pick<Snapshot, 'lockfiles'>
  readonly listener: Listener
  readonly signal: AbortSignal
}

/** The downloads of one build session. */
export class Downloads {
  readonly #fetching = new Map<string, Promise<void>>()

  /** Fetches every file of a lockfile that the store lacks. Concurrent calls for one lockfile share one fetch. */
  fetch(context: FetchContext, lockfile: string): Promise<void> {
    const current = this.#fetching.get(lockfile)
    if (current) return current
    const fetched = fetchMissing(context, lockfile).finally(() => this.#fetching.delete(lockfile))
    this.#fetching.set(lockfile, fetched)
    return fetched
  }
}

async function fetchMissing(
  { workspace, snapshot, listener, signal }: FetchContext,
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
  const { bundle, locations } = workspace
  const request = { bundle, lockfile: name, params: paramValues(node), files }
  const mirrors = await new ConfigProcess(locations, { signal }).mirrors(request)
  const mirrorsOf = new Map(files.map((file, position) => [file, mirrors[position] ?? []]))
  await fetchFiles(workspace, name, files, (file) => mirrorsOf.get(file) ?? [], signal)
  listener({ type: 'fetched', lockfile: name, seconds: monotonicSeconds() - startedAt })
}

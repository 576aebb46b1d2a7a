// Resolves lockfiles: decides which ones, and writes what their resolvers found.
import type { LockedFile } from '../api/lockfile.ts'
import type { Listener } from '../events/events.ts'
import type { LockfileNode } from '../graph/graph.ts'
import { toRawPath } from '../platform/rawPath.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { parent } from '../platform/disk.ts'
import type { LockfileEntry } from '../store/lockfile.ts'
import { writeLockfile } from '../store/lockfile.ts'
import type { LockfileSnapshot, Snapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** What resolving needs of a build session. */
export interface ResolveContext {
  readonly workspace: Workspace
  readonly snapshot: Pick<Snapshot, 'lockfiles'>
  readonly listener: Listener
  /**
   * Runs the resolver of a lockfile in the sandbox and resolves with the files that it found, checked. `previous` are the
   * files whose versions it should keep.
   */
  runResolver(node: LockfileNode, previous: readonly LockedFile[]): Promise<readonly LockfileEntry[]>
}

/**
 * Resolves the lockfiles named in `update` to their newest versions; if none is named, those that are missing or
 * outdated. Runs their resolvers concurrently and writes each lockfile to its path. An outdated lockfile keeps its
 * versions where its inputs still allow them. Resolves with whether any lockfile was written.
 */
export async function resolveLockfiles(context: ResolveContext, update: readonly string[]): Promise<boolean> {
  const wanted = context.snapshot.lockfiles.filter(
    ({ node, state }) => update.includes(node.name) || (update.length === 0 && state.state !== 'ready'),
  )
  await Promise.all(wanted.map((lockfile) => resolve(context, lockfile, update.includes(lockfile.node.name))))
  return wanted.length > 0
}

async function resolve(
  { workspace: { disk, locations }, listener, runResolver }: ResolveContext,
  { node, state, content, request }: LockfileSnapshot,
  newest: boolean,
): Promise<void> {
  const startedAt = monotonicSeconds()
  const reason = newest ? 'update' : state.state === 'ready' ? 'outdated' : state.state
  listener({ type: 'resolving', lockfile: node.name, path: node.path, reason })
  const files = await runResolver(node, newest ? [] : (content?.files ?? []))
  const path = toRawPath(`${locations.root}/${node.path}`)
  disk.mkdir(parent(path))
  writeLockfile(disk, path, { request, files })
  const seconds = monotonicSeconds() - startedAt
  listener({ type: 'resolved', lockfile: node.name, path: node.path, files: files.length, seconds })
}

// Registers with the store what this workspace needs of it.
import { toRawPath } from '../platform/rawPath.ts'
import { Failure } from '../platform/failure.ts'
import { readLockfile } from '../store/lockfile.ts'
import { registerUser } from '../store/storeUsers.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Registers the artifacts of a workspace and the downloads that its lockfiles pin now. */
export function registerWorkspace({ disk, locations, graph }: Workspace): void {
  const downloads = new Set(
    graph.lockfiles.flatMap(({ path }) =>
      pinned(() => readLockfile(disk, toRawPath(`${locations.root}/${path}`))),
    ),
  )
  registerUser(disk, locations.cache, {
    root: locations.root,
    artifacts: graph.artifacts.map(({ name }) => name).sort(),
    downloads: [...downloads].sort(),
  })
}

/** The downloads of a lockfile; none if it is invalid, which the build that needs it reports. */
function pinned(read: () => ReturnType<typeof readLockfile>) {
  try {
    return (read()?.files ?? []).map(({ sha256 }) => sha256)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return []
  }
}

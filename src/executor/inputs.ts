// Lays out the inputs of a run, checked against its key.
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import { inputPath } from '../graph/inputPath.ts'
import { treeId } from '../graph/treeId.ts'
import { lockfileDigest } from '../store/lockfile.ts'
import { digestIn, partId } from '../planner/part.ts'
import { lockfileSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { SessionContext } from './sessionContext.ts'
import { InputChanged, listingOf, materializeFile, materializeTree } from './materialize.ts'
import type { Mount } from '../sandbox/bubblewrap.ts'
import { INSIDE } from '../sandbox/bubblewrap.ts'
import { producerOwner } from '../sandbox/namespaces.ts'
import { giveToProducer } from '../sandbox/workDirectory.ts'
import type { WorkDirectory } from '../sandbox/workDirectory.ts'
import type { Part } from '../planner/domain.ts'

/**
 * Prepares the inputs of an artifact or lockfile in the work directory, checks each against the key, and returns the
 * mounts for the sandbox. The sandbox mounts stored objects in place, read-only, with the epoch as their time; without a sandbox they are copied,
 * because a producer could write to them. Throws {@link InputChanged} if an input no longer matches the key, and
 * DamagedObject if an object does not match its name.
 */
export async function layInputs(
  { workspace, snapshot, confinement }: SessionContext,
  node: ArtifactNode | LockfileNode,
  parts: readonly Part[],
  work: WorkDirectory,
): Promise<readonly Mount[]> {
  const { disk, objects, graph, locations } = workspace
  const mounts: Mount[] = []
  const confined = (await confinement()) === 'sandbox'
  const options = { epoch: graph.epoch, owner: confined ? producerOwner() : undefined }
  const layObject = (digest: Digest, name: string): void => {
    const object = objects.path(digest)
    const copy = toRawPath(`${work.path}/inputs/${name}`)
    const inPlace = confined && makeMountable(workspace, object)
    if (inPlace) objects.check(digest)
    else {
      objects.copyOut(digest, copy, { mode: 0o444, durable: false })
      if (confined) giveToProducer(disk, [copy])
      disk.utimes(copy, graph.epoch)
    }
    if (confined) mounts.push({ from: fromRawPath(inPlace ? object : copy), to: `${INSIDE.inputs}/${name}` })
  }
  const digests = new Map(parts.map((part) => [partId(part), digestIn(part)]))
  for (const [name, input] of Object.entries(node.inputs)) {
    const digest = digests.get(partId({ kind: input.kind, name }))
    if (digest === undefined) continue
    const place = inputPath(graph, name, input)
    if (place !== name) disk.mkdir(toRawPath(`${work.path}/inputs/${name}`))
    if (input.kind === 'output') {
      layObject(digest, place)
    } else if (input.kind === 'downloads') {
      const { files = [] } = lockfileSnapshot(snapshot, input.lockfile).content ?? {}
      if (lockfileDigest(files) !== digest) throw new InputChanged(toRawPath(input.lockfile))
      disk.mkdir(toRawPath(`${work.path}/inputs/${name}`))
      if (files.length === 0)
        mounts.push({ from: `${work.path}/inputs/${name}`, to: `${INSIDE.inputs}/${name}` })
      for (const file of files) layObject(file.sha256, `${name}/${file.name}`)
    } else {
      const from = toRawPath(`${locations.root}/${input.path}`)
      const to = toRawPath(`${work.path}/inputs/${place}`)
      if (input.kind === 'tree') {
        const listing = await listingOf(snapshot.trees.get(treeId(input)), digest, from)
        materializeTree(disk, from, to, listing, options)
      } else {
        const executable = parts.some((part) => part.kind === 'file' && part.name === name && part.executable)
        materializeFile(disk, from, to, { executable, digest }, options)
      }
      mounts.push({ from: fromRawPath(to), to: `${INSIDE.inputs}/${place}` })
    }
  }
  return mounts
}

/**
 * Makes an object fit for a mount into the sandbox, and returns whether it is. A producer sees the owner and the time of
 * a file, and neither is in the key. So the object must belong to user 0 of the sandbox and have the time `epoch`. The
 * function sets both if no other workspace uses the store.
 */
function makeMountable({ disk, graph, locations }: Workspace, object: RawPath): boolean {
  const stat = disk.lstat(object)
  const user = process.geteuid?.()
  const isProducers = stat?.uid === (producerOwner()?.uid ?? user)
  if (isProducers && stat?.mtimeNs === BigInt(graph.epoch) * 1_000_000_000n) return true
  if (locations.sharedStore !== undefined || !(isProducers || stat?.uid === user)) return false
  giveToProducer(disk, [object])
  disk.utimes(object, graph.epoch)
  return true
}

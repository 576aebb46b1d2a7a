// Verifies published outputs and their objects: reads all bytes and compares them with the latest records.
import { shownOutput } from '../config/locations.ts'
import { setImmediate } from 'node:timers/promises'
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import { errorCode } from '../platform/disk.ts'
import type { Digest } from '../platform/digest.ts'
import { fileDigest } from '../platform/digest.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { closure } from '../graph/graph.ts'
import { describingObjectsOf } from '../executor/garbageCollection.ts'
import { Interrupted } from '../executor/sessionContext.ts'
import type { LatestLookup, RunRecord } from '../planner/domain.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ByteDifference } from '../diff/byteDifference.ts'
import { byteDifference } from '../diff/byteDifference.ts'

/** A file that differs from what a record says. A member of `mismatches` in `lbuild verify --json`. */
export interface Mismatch {
  readonly artifact: string
  /** A published output, an object of the store, or the latest record itself. */
  readonly kind: 'output' | 'object' | 'record'
  /** An output relative to the workspace, an object relative to the cache, or the directory of a record in the cache. */
  readonly path: string
  readonly expected?: { readonly sha256: Digest; readonly size: number }
  readonly found: FileState
  /** Where an output first differs from its object; missing if the object is damaged or missing itself. */
  readonly difference?: ByteDifference
  /** Set if a build would not notice, because the stat cache takes the changed file for the recorded one. */
  readonly undetected?: true
}

/** What a path holds, by all of its bytes. `type` is the type of something that is not a file, such as a directory. */
export type FileState =
  | { readonly state: 'missing' | 'damaged' | 'unreadable' }
  | { readonly state: 'other'; readonly type: string }
  | { readonly state: 'file'; readonly sha256: Digest; readonly size: number }

/** The result of {@link verifyPublished}, and the JSON of `lbuild verify`. */
export interface PublishedReport {
  /** The number of verified artifacts. */
  readonly artifacts: number
  /** The number of verified outputs. */
  readonly outputs: number
  /** The number of verified objects. */
  readonly objects: number
  /** The number of bytes read. */
  readonly bytes: number
  /** The mismatches, in the order of the graph. */
  readonly mismatches: readonly Mismatch[]
}

/**
 * Reads every published output and every object of the latest records of some targets in full, and unless `only` is set
 * also those of their dependencies, and compares them with the records. Ignores the stat cache, writes nothing and takes no lock: if a build publishes an
 * artifact meanwhile, the artifact is verified again. The listing of a tree may be missing, because it only explains
 * later changes, but it must not be damaged. Throws Interrupted when `signal` is aborted.
 */
export async function verifyPublished(
  workspace: Workspace,
  targets: readonly string[],
  signal: AbortSignal,
  only = false,
): Promise<PublishedReport> {
  const verifier = new Verifier(workspace, signal)
  const nodes = closure(workspace.graph, targets).filter(({ name }) => !only || targets.includes(name))
  const mismatches: Mismatch[] = []
  for (const node of nodes) mismatches.push(...(await verifier.artifact(node)))
  const { outputs, objects, bytes } = verifier
  return { artifacts: nodes.length, outputs, objects: objects.size, bytes, mismatches }
}

/** The maximum number of attempts to verify an artifact while builds publish other records of it. */
const ATTEMPTS = 3

class Verifier {
  readonly #workspace: Workspace
  readonly #signal: AbortSignal
  /** The state of each object read so far: artifacts share objects. */
  readonly objects = new Map<Digest, FileState>()
  outputs = 0
  bytes = 0

  constructor(workspace: Workspace, signal: AbortSignal) {
    this.#workspace = workspace
    this.#signal = signal
  }

  async artifact(node: ArtifactNode): Promise<readonly Mismatch[]> {
    const { records } = this.#workspace
    for (let attempt = 1; ; attempt += 1) {
      const record = records.findLatest(node.name)
      const mismatches = await this.#record(node, record)
      if (
        mismatches.length === 0 ||
        attempt === ATTEMPTS ||
        keyOrState(records.findLatest(node.name)) === keyOrState(record)
      )
        return mismatches
      this.objects.clear()
    }
  }

  async #record({ name }: ArtifactNode, record: LatestLookup): Promise<readonly Mismatch[]> {
    if (typeof record === 'string') {
      const state = record === 'damaged' ? record : 'missing'
      return [{ artifact: name, kind: 'record', path: `records/${name}`, found: { state } }]
    }
    const { disk, objects, locations } = this.#workspace
    const mismatches: Mismatch[] = []
    for (const output of Object.values(record.outputs)) {
      const { sha256, size } = output
      const expected = { sha256, size }
      const object = await this.#object(sha256)
      const intact = hasContent(object, sha256)
      if (!intact) mismatches.push({ artifact: name, ...this.#objectPath(sha256), expected, found: object })
      if (!output.published) continue
      const path = toRawPath(`${locations.output}/${output.path}`)
      const found = await this.#read(path)
      this.outputs += 1
      if (hasContent(found, sha256)) continue
      const difference =
        intact && found.state === 'file' ? byteDifference(disk, objects.path(sha256), path) : undefined
      mismatches.push({
        artifact: name,
        kind: 'output',
        path: shownOutput(locations, output.path),
        expected,
        found,
        ...(difference ? { difference } : {}),
        ...(this.#isUndetected(path, sha256) ? { undetected: true as const } : {}),
      })
    }
    return [...mismatches, ...(await this.#explanatory(record))]
  }

  #isUndetected(path: RawPath, sha256: Digest): boolean {
    const { disk, index } = this.#workspace
    const stat = disk.lstat(path)
    return stat?.type === 'file' && index.digestIfUnchanged(path, stat) === sha256
  }

  /** Verifies the objects that only explain later changes: listings of trees, and texts. */
  async #explanatory(record: RunRecord): Promise<readonly Mismatch[]> {
    const mismatches: Mismatch[] = []
    for (const digest of describingObjectsOf(record)) {
      const found = await this.#object(digest)
      if (found.state !== 'missing' && !hasContent(found, digest))
        mismatches.push({ artifact: record.artifact, ...this.#objectPath(digest), found })
    }
    return mismatches
  }

  #objectPath(digest: Digest): Pick<Mismatch, 'kind' | 'path'> {
    return { kind: 'object', path: `objects/${digest.slice(0, 2)}/${digest.slice(2)}` }
  }

  async #object(digest: Digest): Promise<FileState> {
    const known = this.objects.get(digest)
    if (known) return known
    const found = await this.#read(this.#workspace.objects.path(digest))
    this.objects.set(digest, found)
    return found
  }

  async #read(path: RawPath): Promise<FileState> {
    // Reading is synchronous, so only this pause lets a signal arrive.
    await setImmediate()
    if (this.#signal.aborted) throw new Interrupted('interrupted')
    const { disk } = this.#workspace
    const stat = disk.lstat(path)
    if (!stat) return { state: 'missing' }
    if (stat.type !== 'file') return { state: 'other', type: stat.type }
    this.bytes += stat.size
    try {
      return { state: 'file', sha256: fileDigest(disk, path), size: stat.size }
    } catch (error) {
      if (errorCode(error) === '') throw error
      return { state: errorCode(error) === 'ENOENT' ? 'missing' : 'unreadable' }
    }
  }
}

const hasContent = (found: FileState, sha256: Digest): boolean =>
  found.state === 'file' && found.sha256 === sha256

const keyOrState = (found: LatestLookup): string => (typeof found === 'string' ? found : found.key)

import { shownOutput } from '../config/locations.ts'
import { setImmediate } from 'node:timers/promises'
import type { Bytes } from '../platform/bytes.ts'
import { toBytes } from '../platform/bytes.ts'
import { errorCode } from '../platform/disk.ts'
import type { Digest } from '../platform/digest.ts'
import { fileDigest } from '../platform/digest.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { closure } from '../graph/graph.ts'
import { seenOf } from '../executor/collect.ts'
import { Interrupted } from '../executor/context.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ByteDifference } from '../diff/byteDifference.ts'
import { byteDifference } from '../diff/byteDifference.ts'
import type { BuildRecord, LatestLookup } from '../planner/types.ts'

/** Something that is not what a record says. */
export interface Wrong {
  readonly artifact: string
  /** What is wrong: a published output, an object of the store, or the record itself. */
  readonly kind: 'output' | 'object' | 'record'
  /** Of an output from the workspace's directory, of an object from the cache's; the directory of a record. */
  readonly path: string
  readonly expected?: { readonly sha256: Digest; readonly size: number }
  readonly found: Standing
  /** Where an output first differs from its object, if that one is sound. */
  readonly difference?: ByteDifference
  /** Set when a build would not see it: the state of the file on disk is the one in which it was as it should be. */
  readonly unseen?: true
}

/** What stands at a path, by all of its bytes. */
export type Standing =
  | { readonly state: 'missing' | 'damaged' | 'unreadable' }
  | { readonly state: 'other'; readonly what: string }
  | { readonly state: 'file'; readonly sha256: Digest; readonly size: number }

export interface PublishedReport {
  readonly artifacts: number
  readonly outputs: number
  readonly objects: number
  /** How much was read, in bytes. */
  readonly bytes: number
  /** In the order of the graph. */
  readonly wrong: readonly Wrong[]
}

/**
 * Reads every published output and every object of the latest records at and below some targets in full, and compares
 * them with the records. The stat cache is not asked, nothing is written and no lock is taken: an artifact that a build
 * publishes meanwhile is looked at again. The listing of a tree may be gone, since it only tells later changes by name,
 * but not be damaged.
 */
export async function verifyPublished(
  workspace: Workspace,
  targets: readonly string[],
  signal: AbortSignal,
): Promise<PublishedReport> {
  const reader = new Verifier(workspace, signal)
  const nodes = closure(workspace.graph, targets)
  const wrong: Wrong[] = []
  for (const node of nodes) wrong.push(...(await reader.artifact(node)))
  const { outputs, objects, bytes } = reader
  return { artifacts: nodes.length, outputs, objects: objects.size, bytes, wrong }
}

/** How often an artifact is looked at again because another record was published meanwhile. */
const ATTEMPTS = 3

class Verifier {
  readonly #workspace: Workspace
  readonly #signal: AbortSignal
  /** What was found of each object: artifacts share some. */
  readonly objects = new Map<Digest, Standing>()
  outputs = 0
  bytes = 0

  constructor(workspace: Workspace, signal: AbortSignal) {
    this.#workspace = workspace
    this.#signal = signal
  }

  async artifact(node: ArtifactNode): Promise<readonly Wrong[]> {
    const { records } = this.#workspace
    for (let attempt = 1; ; attempt += 1) {
      const record = records.findLatest(node.name)
      const wrong = await this.#record(node, record)
      if (
        wrong.length === 0 ||
        attempt === ATTEMPTS ||
        keyOrState(records.findLatest(node.name)) === keyOrState(record)
      )
        return wrong
      this.objects.clear()
    }
  }

  async #record({ name }: ArtifactNode, record: LatestLookup): Promise<readonly Wrong[]> {
    if (typeof record === 'string') {
      const state = record === 'damaged' ? record : 'missing'
      return [{ artifact: name, kind: 'record', path: `records/${name}`, found: { state } }]
    }
    const { disk, objects, locations } = this.#workspace
    const wrong: Wrong[] = []
    for (const output of Object.values(record.outputs)) {
      const { sha256, size } = output
      const expected = { sha256, size }
      const object = await this.#object(sha256)
      const sound = isFile(object, sha256)
      if (!sound) wrong.push({ artifact: name, ...this.#objectPath(sha256), expected, found: object })
      if (!output.published) continue
      const path = toBytes(`${locations.output}/${output.path}`)
      const found = await this.#read(path)
      this.outputs += 1
      if (isFile(found, sha256)) continue
      const difference =
        sound && found.state === 'file' ? byteDifference(disk, objects.path(sha256), path) : undefined
      wrong.push({
        artifact: name,
        kind: 'output',
        path: shownOutput(locations, output.path),
        expected,
        found,
        ...(difference ? { difference } : {}),
        ...(this.#isUnseen(path, sha256) ? { unseen: true as const } : {}),
      })
    }
    return [...wrong, ...(await this.#seen(record))]
  }

  #isUnseen(path: Bytes, sha256: Digest): boolean {
    const { disk, index } = this.#workspace
    const stat = disk.lstat(path)
    return stat?.type === 'file' && index.knows(path, stat) === sha256
  }

  async #seen(record: BuildRecord): Promise<readonly Wrong[]> {
    const wrong: Wrong[] = []
    for (const digest of seenOf(record)) {
      const found = await this.#object(digest)
      if (found.state !== 'missing' && !isFile(found, digest))
        wrong.push({ artifact: record.artifact, ...this.#objectPath(digest), found })
    }
    return wrong
  }

  #objectPath(digest: Digest): Pick<Wrong, 'kind' | 'path'> {
    return { kind: 'object', path: `objects/${digest.slice(0, 2)}/${digest.slice(2)}` }
  }

  async #object(digest: Digest): Promise<Standing> {
    const known = this.objects.get(digest)
    if (known) return known
    const found = await this.#read(this.#workspace.objects.path(digest))
    this.objects.set(digest, found)
    return found
  }

  async #read(path: Bytes): Promise<Standing> {
    // Files are read without a pause; between two of them a signal is seen.
    await setImmediate()
    if (this.#signal.aborted) throw new Interrupted('interrupted')
    const { disk } = this.#workspace
    const stat = disk.lstat(path)
    if (!stat) return { state: 'missing' }
    if (stat.type !== 'file') return { state: 'other', what: stat.type }
    this.bytes += stat.size
    try {
      return { state: 'file', sha256: fileDigest(disk, path), size: stat.size }
    } catch (error) {
      if (errorCode(error) === '') throw error
      return { state: errorCode(error) === 'ENOENT' ? 'missing' : 'unreadable' }
    }
  }
}

const isFile = (found: Standing, sha256: Digest): boolean => found.state === 'file' && found.sha256 === sha256

const keyOrState = (found: LatestLookup): string => (typeof found === 'string' ? found : found.key)

// Takes a snapshot: the fingerprints of everything that a build of some targets can see.
import type { Input } from '../api/inputs.ts'
import { formatSize } from '../api/params.ts'
import type { Tool } from '../fingerprint/tools.ts'
import { ToolFinder } from '../fingerprint/tools.ts'
import type { Tree } from '../fingerprint/tree.ts'
import { fingerprintTree, isExecutable } from '../fingerprint/tree.ts'
import { statOf, unreadable } from '../fingerprint/treeWalk.ts'
import type { ArtifactNode, LockfileNode, ToolSpec } from '../graph/graph.ts'
import { closure, lockfilesOf, paramValues } from '../graph/graph.ts'
import { treeId } from '../graph/treeId.ts'
import type { LockfileState, OutputState, Part, PlannerFacts } from '../planner/domain.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes, fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import type { LockfileContent } from '../store/lockfile.ts'
import { lockfileDigest, readLockfile, requestDigest } from '../store/lockfile.ts'
import { StoreSnapshot } from './storeSnapshot.ts'
import { exclusionOf } from './exclusions.ts'
import { toolPlaces } from './toolPlaces.ts'
import type { UnusableInput } from './unusableInputs.ts'
import { unusableInputs } from './unusableInputs.ts'
import type { Workspace } from './workspace.ts'

/** A lockfile, its content, and what it should be resolved from now. */
export interface LockfileSnapshot {
  readonly node: LockfileNode
  readonly state: LockfileState
  readonly content?: LockfileContent
  /** What it is resolved from, except mirrors. */
  readonly requestParts: readonly Part[]
  /** The digest of `requestParts`. */
  readonly request: Digest
}

/**
 * The state of everything that a build of some targets can see, as the planner asks for it. Inputs, tools, lockfiles and
 * outputs are as they were when the snapshot was taken. The snapshot reads a record or object when the planner first asks
 * for it, and remembers it. After the build runs or restores an artifact, it calls `refresh` to update the outputs and
 * records of that artifact.
 */
export interface Snapshot extends PlannerFacts {
  readonly nodes: readonly ArtifactNode[]
  readonly lockfiles: readonly LockfileSnapshot[]
  /** By their ids; see {@link treeId}. */
  readonly trees: ReadonlyMap<string, Tree>
  /** The declared tools that this host has, by name. */
  readonly tools: ReadonlyMap<string, Tool>
  /** Fingerprints an artifact's outputs again at once, and reads its records again when next asked. */
  refresh(node: ArtifactNode): Promise<void>
}

/**
 * Takes a snapshot for the targets and all their dependencies. Throws one Failure (exit code 2) that names every missing
 * input. `forced` artifacts must run even if they are fresh.
 */
export async function takeSnapshot(
  workspace: Workspace,
  targets: readonly string[],
  forced: ReadonlySet<string>,
): Promise<Snapshot> {
  const { graph } = workspace
  const nodes = closure(graph, targets)
  const snapshotTaker = new SnapshotTaker(workspace)
  const parts = new Map<string, readonly Part[]>()
  for (const node of nodes) parts.set(node.name, await snapshotTaker.ownParts(node))
  const lockfileNames = new Set(nodes.flatMap(lockfilesOf))
  const lockfiles: LockfileSnapshot[] = []
  for (const node of graph.lockfiles)
    if (lockfileNames.has(node.name)) lockfiles.push(await snapshotTaker.lockfile(node))
  snapshotTaker.throwIfUnusable()
  const outputs = new Map<string, OutputState>()
  const stored = new StoreSnapshot(workspace)
  const lookAtOutputs = async (node: ArtifactNode): Promise<void> => {
    for (const { path, published } of Object.values(node.outputs))
      if (published) outputs.set(path, await snapshotTaker.output(path))
  }
  for (const node of nodes) await lookAtOutputs(node)
  return {
    nodes,
    lockfiles,
    trees: snapshotTaker.trees,
    tools: snapshotTaker.tools,
    forced,
    async refresh(node) {
      stored.forget(node.name)
      await lookAtOutputs(node)
    },
    ownParts: (node) => parts.get(node.name)!,
    lockfile: (name) => lockfileSnapshot({ lockfiles }, name).state,
    record: (artifact, key) => stored.record(artifact, key),
    latest: (artifact) => stored.latest(artifact),
    hasObject: (object) => stored.hasObject(object),
    output: (path) => outputs.get(path) ?? { state: 'missing' },
    hasSandbox: workspace.hasSandbox,
  }
}

/** Returns the snapshot of a lockfile. Throws an Error if no artifact of the snapshot uses the lockfile. */
export function lockfileSnapshot({ lockfiles }: Pick<Snapshot, 'lockfiles'>, name: string): LockfileSnapshot {
  const found = lockfiles.find(({ node }) => node.name === name)
  if (!found) throw new Error(`the snapshot does not include the lockfile '${name}'`)
  return found
}

/** The parts of an artifact or lockfile that are files and trees of the workspace, as they are now. */
export async function sourceParts(
  workspace: Workspace,
  node: ArtifactNode | LockfileNode,
): Promise<readonly Part[]> {
  const snapshotTaker = new SnapshotTaker(workspace)
  const parts = await snapshotTaker.sourceParts(`'${node.name}'`, node)
  snapshotTaker.throwIfUnusable()
  return parts
}

/** The values of params; a size as users write it, such as `64G`. */
const paramParts = (node: ArtifactNode | LockfileNode): readonly Part[] =>
  Object.entries(paramValues(node)).map(([name, value]) => ({
    kind: 'param',
    name,
    value: node.params[name]?.type === 'size' ? formatSize(Number(value)) : value,
  }))

/** The tools that artifacts declare and this host has, by name. Looks at no other input. */
export async function declaredTools(
  workspace: Workspace,
  nodes: readonly ArtifactNode[],
): Promise<ReadonlyMap<string, Tool>> {
  const snapshotTaker = new SnapshotTaker(workspace)
  for (const tool of nodes.flatMap(({ tools }) => tools)) await snapshotTaker.toolPart(tool)
  return snapshotTaker.tools
}

/** Fingerprints inputs, tools and outputs, and collects the missing inputs for one error. */
class SnapshotTaker {
  readonly #workspace: Workspace
  readonly trees = new Map<string, Tree>()
  readonly tools = new Map<string, Tool>()
  readonly #unusable: UnusableInput[] = []
  readonly #toolParts = new Map<string, Part>()
  readonly #finder: ToolFinder

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    const { disk, index, now, askLoader } = workspace
    this.#finder = new ToolFinder(disk, index, toolPlaces(workspace), now, askLoader)
  }

  async ownParts(node: ArtifactNode): Promise<readonly Part[]> {
    const { graph, env } = this.#workspace
    const platform = `${process.arch} node ${process.versions.node}`
    const parts: Part[] = [
      { kind: 'code', name: 'producer', digest: node.code },
      { kind: 'platform', name: 'host', value: platform },
      { kind: 'platform', name: 'epoch', value: graph.epoch },
    ]
    parts.push(...paramParts(node))
    for (const name of node.env) parts.push({ kind: 'env', name, value: env[name] ?? null })
    parts.push(...(await this.sourceParts(`the artifact '${node.name}'`, node)))
    for (const tool of node.tools) parts.push(await this.toolPart(tool))
    return parts
  }

  async sourceParts(who: string, node: ArtifactNode | LockfileNode): Promise<readonly Part[]> {
    const parts: Part[] = []
    for (const [name, input] of Object.entries(node.inputs)) {
      const part = await this.#sourcePart(who, name, input)
      if (part) parts.push(part)
    }
    return parts
  }

  async lockfile(node: LockfileNode): Promise<LockfileSnapshot> {
    const sources = await this.sourceParts(`the lockfile '${node.name}'`, node)
    const params = paramParts(node)
      .filter(({ name }) => !node.mirrorParams.includes(name))
      .sort((a, b) => byBytes(a.name, b.name))
    const requestParts = [...sources, ...params]
    for (const tool of node.tools) await this.toolPart(tool)
    const content = readLockfile(this.#workspace.disk, this.#absolute(node.path))
    const request = requestDigest(requestParts)
    const snapshotted = { node, request, requestParts }
    if (!content)
      return { ...snapshotted, state: { state: 'missing', path: node.path, request: requestParts } }
    if (content.request !== request)
      return { ...snapshotted, content, state: { state: 'outdated', path: node.path, request: requestParts } }
    return { ...snapshotted, content, state: { state: 'ready', digest: lockfileDigest(content.files) } }
  }

  async output(path: string): Promise<OutputState> {
    const { disk, index, locations } = this.#workspace
    const absolute = toRawPath(`${locations.output}/${path}`)
    const stat = disk.lstat(absolute)
    if (!stat) return { state: 'missing' }
    if (stat.type !== 'file') return { state: 'other', what: `a ${stat.type}` }
    return { state: 'file', sha256: index.file(absolute, stat), size: stat.size }
  }

  throwIfUnusable(): void {
    const failure = unusableInputs(this.#workspace.disk, this.#workspace.locations.root, this.#unusable)
    if (failure) throw failure
  }

  #absolute(path: string): RawPath {
    return toRawPath(`${this.#workspace.locations.root}/${path}`)
  }

  async #sourcePart(who: string, name: string, input: Input): Promise<Part | undefined> {
    if (input.kind !== 'file' && input.kind !== 'tree') return undefined
    const { disk, index, now } = this.#workspace
    const absolute = this.#absolute(input.path)
    const stat = statOf(disk, absolute)
    const { path } = input
    if (!stat && input.optional)
      return input.kind === 'file'
        ? { kind: 'file', name, path, executable: false, digest: null }
        : { kind: 'tree', name, path, digest: null }
    const expected = input.kind === 'file' ? 'file' : 'directory'
    if (stat?.type !== expected) {
      this.#unusable.push({ who, input: name, path, type: stat?.type, expected })
      return undefined
    }
    this.#confine(who, name, absolute)
    if (input.kind === 'tree') {
      const id = treeId(input)
      let tree = this.trees.get(id)
      if (!tree) {
        tree = await fingerprintTree(
          disk,
          index,
          absolute,
          now,
          exclusionOf(this.#workspace.locations, input),
        )
        this.trees.set(id, tree)
      }
      return { kind: 'tree', name, path, digest: tree.digest }
    }
    try {
      const digest = index.file(absolute, stat)
      return { kind: 'file', name, path, executable: isExecutable(stat), digest }
    } catch (error) {
      throw unreadable(absolute, error)
    }
  }

  /** Throws a Failure (exit code 2) if a link among the directories above an input leads out of the workspace. */
  #confine(who: string, input: string, absolute: RawPath): void {
    const real = this.#workspace.disk.realpath(absolute)
    if (real.startsWith(`${toRawPath(this.#workspace.locations.root)}/`)) return
    throw new Failure('a declared input is outside the workspace', {
      facts: [
        [who, input],
        ['links to', fromRawPath(real)],
      ],
      hint: 'copy it into the workspace',
      exitCode: 2,
    })
  }

  async toolPart({ name }: ToolSpec): Promise<Part> {
    const known = this.#toolParts.get(name)
    if (known) return known
    const tool = await this.#finder.find(name)
    const part: Part = {
      kind: 'tool',
      name,
      path: tool ? fromRawPath(tool.path) : null,
      digest: tool?.digest ?? null,
    }
    if (tool) this.tools.set(name, tool)
    this.#toolParts.set(name, part)
    return part
  }
}

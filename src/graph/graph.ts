import type { BootPatterns } from '../api/config.ts'
import type { Input } from '../api/inputs.ts'
import type { Json, Param } from '../api/params.ts'
import type { Digest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'

/** Where an output goes. `path` is relative to `output/` when it is published, else only a name. */
export interface OutputSpec {
  readonly path: string
  readonly published: boolean
}

export interface ToolSpec {
  readonly name: string
  readonly atLeast?: string
}

/** An artifact as data: all that planning needs to know, and nothing that must be run. */
export interface ArtifactNode {
  readonly name: string
  readonly describe?: string
  readonly inputs: Readonly<Record<string, Input>>
  readonly params: Readonly<Record<string, Param>>
  readonly tools: readonly ToolSpec[]
  readonly env: readonly string[]
  readonly outputs: Readonly<Record<string, OutputSpec>>
  readonly network: boolean
  /** Over the bytes of `modules`. */
  readonly code: Digest
  /** The modules whose code the producer can reach. */
  readonly modules: readonly string[]
  /** Those of them that declare it: from these the others are reached by imports. */
  readonly declaredIn: readonly string[]
}

/** A lock as data. */
export interface LockfileNode {
  readonly name: string
  readonly path: string
  readonly inputs: Readonly<Record<string, Input>>
  readonly params: Readonly<Record<string, Param>>
  readonly mirrorParams: readonly string[]
  readonly hostFiles: readonly string[]
  readonly tools: readonly ToolSpec[]
}

/** What the store keeps, beside what is needed to have the latest of everything. */
export interface StoreLimits {
  /** How many builds of each artifact. */
  readonly keep: number
  /** How large its objects may be together, in bytes. */
  readonly maxSize: number
}

/** The whole declaration of a distro as data. Artifacts stand behind what they depend on. */
export interface Graph {
  readonly artifacts: readonly ArtifactNode[]
  readonly lockfiles: readonly LockfileNode[]
  /** The time inside outputs, in seconds since 1970. */
  readonly epoch: number
  readonly toolPath: readonly string[]
  readonly store: StoreLimits
  /** What the distro prints on the serial console. */
  readonly boot: BootPatterns
  /** Values of params by the names of profiles, each by `NAME` or `ARTIFACT.NAME`. */
  readonly profiles: Readonly<Record<string, Readonly<Record<string, Json>>>>
  /** The digest of each module of the distro's code. */
  readonly modules: Readonly<Record<string, Digest>>
  /** What each module imports. */
  readonly imports: Readonly<Record<string, readonly string[]>>
}

/** The names of the artifacts whose outputs an artifact takes, without repeats. */
export const dependenciesOf = (node: ArtifactNode): readonly string[] => [
  ...new Set(
    Object.values(node.inputs).flatMap((input) => (input.kind === 'output' ? [input.artifact] : [])),
  ),
]

/** The names of the lockfiles whose downloads an artifact takes. */
export const lockfilesOf = (node: ArtifactNode): readonly string[] => [
  ...new Set(Object.values(node.inputs).flatMap((input) => (input.kind === 'downloads' ? [input.lock] : []))),
]

/**
 * Puts artifacts behind their dependencies, otherwise in the order given. Throws a Failure (exit code 2) that shows
 * the way round when there is a cycle.
 */
export function inOrder(artifacts: readonly ArtifactNode[]): readonly ArtifactNode[] {
  const byName = new Map(artifacts.map((node) => [node.name, node]))
  const ordered = new Set<ArtifactNode>()
  const way: string[] = []
  const visit = (node: ArtifactNode): void => {
    if (ordered.has(node)) return
    if (way.includes(node.name))
      throw new Failure('artifacts depend on each other in a circle', {
        facts: [['circle', [...way.slice(way.indexOf(node.name)), node.name].join(' → ')]],
        hint: 'take one of these inputs away',
        exitCode: 2,
      })
    way.push(node.name)
    for (const name of dependenciesOf(node)) visit(byName.get(name)!)
    way.pop()
    ordered.add(node)
  }
  for (const node of artifacts) visit(node)
  return [...ordered]
}

/** The names of the artifacts that no other one takes an output of. */
export function topArtifacts({ artifacts }: Graph): readonly string[] {
  const taken = new Set(artifacts.flatMap(dependenciesOf))
  return artifacts.map(({ name }) => name).filter((name) => !taken.has(name))
}

/** The targets and everything below them, in the graph's order. */
export function closure(graph: Graph, targets: readonly string[]): readonly ArtifactNode[] {
  const wanted = new Set(targets)
  return graph.artifacts
    .toReversed()
    .filter((node) => {
      if (!wanted.has(node.name)) return false
      for (const name of dependenciesOf(node)) wanted.add(name)
      return true
    })
    .toReversed()
}

/** The values of the params of one artifact or lock. */
export const paramValues = (node: ArtifactNode | LockfileNode): Readonly<Record<string, Json>> =>
  Object.fromEntries(Object.entries(node.params).map(([name, param]) => [name, param.value]))

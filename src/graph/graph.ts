// The graph: what a distro declares, as data.
import type { BootConfig } from '../api/config.ts'
import type { Input } from '../api/inputs.ts'
import type { Json, Param } from '../api/params.ts'
import type { Limits } from './limits.ts'
import type { Digest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'

/** Where an output goes. `path` is relative to `output/` when it is published, else only a name. */
export interface OutputSpec {
  readonly path: string
  readonly published: boolean
}

/** A tool that a producer runs, and the lowest version that works. */
export interface ToolSpec {
  readonly name: string
  readonly atLeast?: string
}

/** An artifact as data: everything that planning needs, without code. */
export interface ArtifactNode {
  readonly name: string
  readonly describe?: string
  /** The artifact whose producer it runs, if it belongs to a variant. */
  readonly producer?: string
  readonly inputs: Readonly<Record<string, Input>>
  readonly params: Readonly<Record<string, Param>>
  readonly tools: readonly ToolSpec[]
  readonly env: readonly string[]
  readonly outputs: Readonly<Record<string, OutputSpec>>
  readonly network: boolean
  readonly limits: Limits
  /** The digest over `modules`. */
  readonly code: Digest
  /** The modules that the producer can reach. */
  readonly modules: readonly string[]
  /** The modules that declare it; the other modules are reached from these by imports. */
  readonly declaredIn: readonly string[]
}

/** A lockfile as data. */
export interface LockfileNode {
  readonly name: string
  readonly path: string
  readonly inputs: Readonly<Record<string, Input>>
  readonly params: Readonly<Record<string, Param>>
  readonly mirrorParams: readonly string[]
  readonly hostFiles: readonly string[]
  readonly tools: readonly ToolSpec[]
}

/** The limits of the store. lbuild may exceed them to keep what it needs to restore the current outputs. */
export interface StoreLimits {
  /** The number of records of each artifact. */
  readonly keep: number
  /** The size of all objects together, in bytes. */
  readonly maxSize: number
}

/** The whole declaration of a distro as data. Dependencies come before the artifacts that take them. */
export interface Graph {
  readonly artifacts: readonly ArtifactNode[]
  readonly lockfiles: readonly LockfileNode[]
  /** The time inside outputs, in seconds since 1970. */
  readonly epoch: number
  readonly toolPath: readonly string[]
  readonly store: StoreLimits
  /** How to check that the images of the distro boot. */
  readonly boot: BootConfig
  /** For each profile the values of params, by `NAME` or `ARTIFACT.NAME`. */
  readonly profiles: Readonly<Record<string, Readonly<Record<string, Json>>>>
  /** The digest of each module of the distro's code. */
  readonly modules: Readonly<Record<string, Digest>>
  /** What each module imports. */
  readonly imports: Readonly<Record<string, readonly string[]>>
}

/** The names of the artifacts whose outputs an artifact takes, each once. */
export const dependenciesOf = (node: ArtifactNode): readonly string[] => [
  ...new Set(
    Object.values(node.inputs).flatMap((input) => (input.kind === 'output' ? [input.artifact] : [])),
  ),
]

/** The names of the lockfiles whose downloads an artifact takes, each once. */
export const lockfilesOf = (node: ArtifactNode): readonly string[] => [
  ...new Set(
    Object.values(node.inputs).flatMap((input) => (input.kind === 'downloads' ? [input.lockfile] : [])),
  ),
]

/** Sorts artifacts after their dependencies, otherwise in the given order. Throws a Failure (exit code 2) for a cycle. */
export function inOrder(artifacts: readonly ArtifactNode[]): readonly ArtifactNode[] {
  const byName = new Map(artifacts.map((node) => [node.name, node]))
  const ordered = new Set<ArtifactNode>()
  const path: string[] = []
  const visit = (node: ArtifactNode): void => {
    if (ordered.has(node)) return
    if (path.includes(node.name))
      throw new Failure('dependency cycle', {
        facts: [['cycle', [...path.slice(path.indexOf(node.name)), node.name].join(' → ')]],
        hint: 'remove one of these inputs',
        exitCode: 2,
      })
    path.push(node.name)
    for (const name of dependenciesOf(node)) {
      const dependency = byName.get(name)
      if (dependency) visit(dependency)
    }
    path.pop()
    ordered.add(node)
  }
  for (const node of artifacts) visit(node)
  return [...ordered]
}

/** The names of the artifacts whose outputs no other artifact takes. */
export function topArtifacts({ artifacts }: Graph): readonly string[] {
  const taken = new Set(artifacts.flatMap(dependenciesOf))
  return artifacts.map(({ name }) => name).filter((name) => !taken.has(name))
}

/** The targets and all their dependencies, in the graph's order. */
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

/** The values of the params of one artifact or lockfile. */
export const paramValues = (node: ArtifactNode | LockfileNode): Readonly<Record<string, Json>> =>
  Object.fromEntries(Object.entries(node.params).map(([name, param]) => [name, param.value]))

// Finds out whether and how a path of the workspace can influence a target.
import type { Input } from '../api/inputs.ts'
import type { ArtifactNode, Graph } from '../graph/graph.ts'
import { closure, dependenciesOf, lockfilesOf } from '../graph/graph.ts'
import { treeId } from '../graph/treeId.ts'
import { importChain } from './importChain.ts'

/** A path that a user asks about, in the forms in which artifacts may refer to it. */
export interface Subject {
  /** Relative to the root of the workspace, or absolute if it is outside. */
  readonly path: string
  /** Its label as a module. */
  readonly label: string
  /** Relative to the output directory, if it is in it. */
  readonly output?: string
  /** The names of the tools that it is a part of: their executable, interpreter, library, or a file beside them. */
  readonly tools: readonly string[]
  /** The rules that leave it out of trees that are inputs, by the ids of the trees; see {@link treeId}. */
  readonly leftOut: ReadonlyMap<string, string>
}

/** One artifact that a path influences directly. */
export interface EntryPoint {
  readonly artifact: string
  /** How the path influences the artifact: `input 'files' (tree overlay/files)`. */
  readonly how: string
  /** The shortest chain from this artifact to the target; each is a dependency of the next. */
  readonly chain: readonly string[]
  /** The number of other chains. */
  readonly otherChains: number
}

/** An artifact with an input that leaves out the path. */
export interface LeftOutOf {
  readonly artifact: string
  /** `input 'files' (tree overlay/files) leaves it out: *.log (overlay/.gitignore line 2)`. */
  readonly how: string
}

/** Whether a path influences a target; it does if it has entry points. */
export interface Influence {
  readonly entryPoints: readonly EntryPoint[]
  /** The inputs of the target and its dependencies that leave it out, each with the rule, in words. */
  readonly leftOut: readonly LeftOutOf[]
  /** Artifacts that it influences, but that are neither the target nor a dependency of it. */
  readonly elsewhere: readonly string[]
  /** If the path is a published output: the artifact that publishes it. Other artifacts read outputs from the store. */
  readonly producedBy?: string
  /** Whether it is a module of the config that no producer can reach, so that only its declarations count. */
  readonly declaresOnly: boolean
  /** The declared path that shares most directories with it, if it influences nothing. */
  readonly nearestDeclared?: string
}

/**
 * Tells whether a change of a path can change a target. A path can be an input, lie in an input, contain an input, belong
 * to a lockfile, be a module, or be part of a tool. Pure: it reads the graph and not the disk.
 */
export function influenceOf(graph: Graph, target: string, subject: Subject): Influence {
  const influenced = graph.artifacts.flatMap((node) =>
    directInfluences(graph, node, subject).map((how) => ({ node, how })),
  )
  const needed = new Set(closure(graph, [target]).map(({ name }) => name))
  const entryPoints = influenced
    .filter(({ node }) => needed.has(node.name))
    .map(({ node, how }) => ({ artifact: node.name, how, ...chainsTo(graph, node.name, target) }))
  const leftOut = graph.artifacts
    .filter(({ name }) => needed.has(name))
    .flatMap((node) =>
      inputsWithout(graph, node, subject).map((how): LeftOutOf => ({ artifact: node.name, how })),
    )
  const elsewhere = [...new Set(influenced.map(({ node }) => node.name))].filter((name) => !needed.has(name))
  const producedBy = graph.artifacts.find(({ outputs }) =>
    Object.values(outputs).some(({ path, published }) => published && path === subject.output),
  )?.name
  const declaresOnly = influenced.length === 0 && Object.hasOwn(graph.modules, subject.label)
  const isUnknown =
    influenced.length === 0 && !declaresOnly && producedBy === undefined && leftOut.length === 0
  const nearestDeclared = isUnknown ? nearestDeclaredPath(graph, subject.path) : undefined
  return {
    entryPoints,
    leftOut,
    elsewhere,
    declaresOnly,
    ...(producedBy === undefined ? {} : { producedBy }),
    ...(nearestDeclared === undefined ? {} : { nearestDeclared }),
  }
}

/** How a path influences an artifact directly, each way in words. */
function directInfluences(
  graph: Graph,
  node: ArtifactNode,
  { path, label, tools, leftOut }: Subject,
): readonly string[] {
  const ways = inputInfluences(node.inputs, path, leftOut)
  const lockfiles = lockfilesOf(node)
  for (const lockfile of graph.lockfiles.filter(({ name }) => lockfiles.includes(name))) {
    if (lockfile.path === path) ways.push(`lockfile '${lockfile.name}'`)
    for (const how of inputInfluences(lockfile.inputs, path, leftOut))
      ways.push(`${how}, from which lockfile '${lockfile.name}' is resolved`)
  }
  if (node.modules.includes(label)) {
    const chain = importChain(graph, node, label) ?? [label]
    ways.push(chain.length > 1 ? `code, imported: ${chain.join(' → ')}` : 'code that declares it')
  }
  const inside = node.modules.filter((module) => contains(path, module))
  if (inside.length > 0) ways.push(`contains code: ${inside.join(', ')}`)
  for (const { name } of node.tools) if (tools.includes(name)) ways.push(`tool '${name}'`)
  return ways
}

/** How a path influences inputs: because it is one, lies in one, or contains one. */
function inputInfluences(
  inputs: Readonly<Record<string, Input>>,
  path: string,
  leftOut: Subject['leftOut'],
): string[] {
  return Object.entries(inputs).flatMap(([name, input]) => {
    if (input.kind !== 'file' && input.kind !== 'tree') return []
    if (input.kind === 'tree' && leftOut.has(treeId(input))) return []
    const described = `input '${name}' (${input.kind} ${input.path})`
    if (input.path === path || (input.kind === 'tree' && contains(input.path, path))) return [described]
    return contains(path, input.path) ? [`contains ${described}`] : []
  })
}

/** The inputs of an artifact, and of the lockfiles that it uses, that leave out a path, in words. */
function inputsWithout(graph: Graph, node: ArtifactNode, { leftOut }: Subject): string[] {
  const lockfiles = lockfilesOf(node)
  const nodes = [node, ...graph.lockfiles.filter(({ name }) => lockfiles.includes(name))]
  return nodes.flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([name, input]) => {
      const rule = input.kind === 'tree' ? leftOut.get(treeId(input)) : undefined
      return rule === undefined || input.kind !== 'tree'
        ? []
        : [`input '${name}' (tree ${input.path}) leaves it out: ${rule}`]
    }),
  )
}

/** Whether a path lies below a directory; `.` is the workspace itself. */
const contains = (directory: string, path: string): boolean =>
  directory === '.' || path.startsWith(`${directory}/`)

/** The shortest chain from an artifact up to one that depends on it, and the number of other chains. */
function chainsTo(graph: Graph, from: string, target: string): Pick<EntryPoint, 'chain' | 'otherChains'> {
  const dependencies = new Map(closure(graph, [target]).map((node) => [node.name, dependenciesOf(node)]))
  const reachedFrom = new Map<string, string | undefined>([[target, undefined]])
  // The loop also visits the names that it adds: breadth first.
  for (const name of reachedFrom.keys())
    for (const dependency of dependencies.get(name) ?? [])
      if (!reachedFrom.has(dependency)) reachedFrom.set(dependency, name)
  const chain: string[] = []
  for (let name: string | undefined = from; name !== undefined; name = reachedFrom.get(name)) chain.push(name)
  const counts = new Map<string, number>()
  for (const [name, needs] of dependencies) {
    const count = needs.reduce((sum, dependency) => sum + (counts.get(dependency) ?? 0), 0)
    counts.set(name, name === from ? 1 : count)
  }
  return { chain, otherChains: (counts.get(target) ?? 1) - 1 }
}

function nearestDeclaredPath(graph: Graph, path: string): string | undefined {
  const declared = [...graph.artifacts, ...graph.lockfiles].flatMap((node) => [
    ...Object.values(node.inputs).flatMap((input) =>
      input.kind === 'file' || input.kind === 'tree' ? [input.path] : [],
    ),
    ...('modules' in node ? node.modules : [node.path]),
  ])
  const parts = path.split('/')
  let nearest: string | undefined
  let most = 0
  for (const other of declared) {
    const otherParts = other.split('/')
    const differs = parts.findIndex((part, at) => part !== otherParts[at])
    const shared = differs === -1 ? parts.length : differs
    if (shared > most) [nearest, most] = [other, shared]
  }
  return nearest
}

import type { Input } from '../api/inputs.ts'
import type { ArtifactNode, Graph } from '../graph/graph.ts'
import { closure, dependenciesOf, lockfilesOf } from '../graph/graph.ts'
import { importChain } from './importChain.ts'

/** A path that is asked about, in the ways in which artifacts may know it. */
export interface Subject {
  /** From the workspace's root, or absolute where it lies outside. */
  readonly path: string
  /** What it is called as a module. */
  readonly label: string
  /** The tools that it is a file of: the executable, its interpreter, a library that it loads. */
  readonly tools: readonly string[]
}

/** How a path gets into one artifact. */
export interface Entrance {
  readonly artifact: string
  /** In words: `the input 'files' (tree artifacts/overlay/files)`. */
  readonly as: string
  /** The shortest way from this artifact to the target, each an input of the next. */
  readonly chain: readonly string[]
  /** How many other ways there are. */
  readonly otherWays: number
}

/** Whether a path influences a target. */
export interface Influence {
  readonly entrances: readonly Entrance[]
  /** Artifacts that it influences and that are not at or below the target. */
  readonly elsewhere: readonly string[]
  /** The artifact whose output it is: nothing reads it there. */
  readonly madeBy?: string
  /** Whether it is a module of the config that no producer can reach: only what it declares counts. */
  readonly declares: boolean
  /** The declared path that has most in common with it, where it influences nothing. */
  readonly nearest?: string
}

/**
 * Finds whether a path can change what a target is: as an input, in or above one, through a lock, as code, or as a tool.
 * Pure; what is on disk does not matter.
 */
export function influenceOf(graph: Graph, target: string, subject: Subject): Influence {
  const entering = graph.artifacts.flatMap((node) =>
    entrancesOf(graph, node, subject).map((as) => ({ node, as })),
  )
  const below = new Set(closure(graph, [target]).map(({ name }) => name))
  const entrances = entering
    .filter(({ node }) => below.has(node.name))
    .map(({ node, as }) => ({ artifact: node.name, as, ...waysTo(graph, node.name, target) }))
  const elsewhere = [...new Set(entering.map(({ node }) => node.name))].filter((name) => !below.has(name))
  const madeBy = graph.artifacts.find(({ outputs }) =>
    Object.values(outputs).some(({ path, published }) => published && `output/${path}` === subject.path),
  )?.name
  const declares = entering.length === 0 && Object.hasOwn(graph.modules, subject.label)
  const nearest =
    entering.length === 0 && !declares && madeBy === undefined
      ? nearestDeclared(graph, subject.path)
      : undefined
  return {
    entrances,
    elsewhere,
    declares,
    ...(madeBy === undefined ? {} : { madeBy }),
    ...(nearest === undefined ? {} : { nearest }),
  }
}

function entrancesOf(graph: Graph, node: ArtifactNode, { path, label, tools }: Subject): readonly string[] {
  const found = inputWords(node.inputs, path, (words) => words)
  for (const name of lockfilesOf(node)) {
    const lock = graph.lockfiles.find((one) => one.name === name)!
    if (lock.path === path) found.push(`the lock '${name}'`)
    found.push(...inputWords(lock.inputs, path, (words) => `the lock '${name}' is resolved from ${words}`))
  }
  if (node.modules.includes(label)) {
    const chain = importChain(graph, node, label) ?? [label]
    found.push(chain.length > 1 ? `code, imported: ${chain.join(' → ')}` : 'code that declares it')
  }
  const inside = node.modules.filter((module) => holds(path, module))
  if (inside.length > 0) found.push(`in it, code: ${inside.join(', ')}`)
  for (const { name } of node.tools) if (tools.includes(name)) found.push(`the tool '${name}'`)
  return found
}

/** How a path is one of some inputs, lies in one, or holds one. */
function inputWords(
  inputs: Readonly<Record<string, Input>>,
  path: string,
  words: (input: string) => string,
): string[] {
  return Object.entries(inputs).flatMap(([name, input]) => {
    if (input.kind !== 'file' && input.kind !== 'tree') return []
    const shown = `the input '${name}' (${input.kind} ${input.path})`
    if (input.path === path || (input.kind === 'tree' && holds(input.path, path))) return [words(shown)]
    return holds(path, input.path) ? [`in it, ${words(shown)}`] : []
  })
}

/** Whether a path lies below a directory; the workspace itself is `.`. */
const holds = (directory: string, path: string): boolean =>
  directory === '.' || path.startsWith(`${directory}/`)

/** The shortest way from one artifact up to another that depends on it, and how many others there are. */
function waysTo(graph: Graph, from: string, target: string): Pick<Entrance, 'chain' | 'otherWays'> {
  const above = new Map<string, string | undefined>([[target, undefined]])
  const nodes = closure(graph, [target])
  for (const name of above.keys())
    for (const dependency of dependenciesOf(nodes.find((node) => node.name === name)!))
      if (!above.has(dependency)) above.set(dependency, name)
  const chain: string[] = []
  for (let name: string | undefined = from; name !== undefined; name = above.get(name)) chain.push(name)
  const ways = new Map<string, number>()
  for (const node of nodes) {
    const below = dependenciesOf(node).reduce((sum, name) => sum + (ways.get(name) ?? 0), 0)
    ways.set(node.name, node.name === from ? 1 : below)
  }
  return { chain, otherWays: ways.get(target)! - 1 }
}

function nearestDeclared(graph: Graph, path: string): string | undefined {
  const declared = [...graph.artifacts, ...graph.lockfiles].flatMap((node) => [
    ...Object.values(node.inputs).flatMap((input) =>
      input.kind === 'file' || input.kind === 'tree' ? [input.path] : [],
    ),
    ...('modules' in node ? node.modules : [node.path]),
  ])
  const common = (other: string): number => {
    const [mine, theirs] = [path.split('/'), other.split('/')]
    const at = mine.findIndex((part, index) => part !== theirs[index])
    return at === -1 ? mine.length : at
  }
  let best: string | undefined
  for (const other of declared) if (common(other) > (best === undefined ? 0 : common(best))) best = other
  return best
}

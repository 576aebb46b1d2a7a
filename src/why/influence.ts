import type { ArtifactNode, Graph } from '../graph/graph.ts'
import { closure, dependenciesOf, locksOf } from '../graph/graph.ts'
import { importChain } from './imports.ts'

/** How a path of the workspace gets into one artifact. */
export interface Entrance {
  readonly artifact: string
  /** In words: `the input 'files' (tree artifacts/overlay/files)`. */
  readonly as: string
  /** The artifacts from this one to the target, each an input of the next. */
  readonly chain: readonly string[]
}

/** Whether a path influences a target. */
export interface Influence {
  readonly entrances: readonly Entrance[]
  /** Artifacts that it influences and that are not at or below the target. */
  readonly elsewhere: readonly string[]
  /** The declared path that has most in common with it, where it influences nothing. */
  readonly nearest?: string
}

/**
 * Finds whether a path, given from the workspace's root, can change what a target is: as an input, in a tree, through a
 * lock, or as code. Pure; what is on disk does not matter.
 */
export function influenceOf(graph: Graph, target: string, path: string): Influence {
  const entering = graph.artifacts.flatMap((node) =>
    entrancesOf(graph, node, path).map((as) => ({ node, as })),
  )
  const below = new Set(closure(graph, [target]).map(({ name }) => name))
  const entrances = entering
    .filter(({ node }) => below.has(node.name))
    .map(({ node, as }) => ({ artifact: node.name, as, chain: chainTo(graph, node.name, target) }))
  const elsewhere = [...new Set(entering.map(({ node }) => node.name))].filter((name) => !below.has(name))
  const nearest = entering.length === 0 ? nearestDeclared(graph, path) : undefined
  return { entrances, elsewhere, ...(nearest === undefined ? {} : { nearest }) }
}

function entrancesOf(graph: Graph, node: ArtifactNode, path: string): readonly string[] {
  const found: string[] = []
  for (const [name, input] of Object.entries(node.inputs))
    if ((input.kind === 'file' || input.kind === 'tree') && covers(input, path))
      found.push(`the input '${name}' (${input.kind} ${input.path})`)
  for (const name of locksOf(node)) {
    const lock = graph.locks.find((one) => one.name === name)!
    if (lock.path === path) found.push(`the lock '${name}'`)
    for (const input of Object.values(lock.inputs))
      if ((input.kind === 'file' || input.kind === 'tree') && covers(input, path))
        found.push(`what the lock '${name}' is resolved from (${input.kind} ${input.path})`)
  }
  if (node.modules.includes(path)) {
    const chain = importChain(graph, node, path) ?? [path]
    found.push(chain.length > 1 ? `code, imported: ${chain.join(' → ')}` : 'code that declares it')
  }
  return found
}

const covers = (input: { kind: 'file' | 'tree'; path: string }, path: string): boolean =>
  input.path === path || (input.kind === 'tree' && path.startsWith(`${input.path}/`))

/** The shortest way from one artifact up to another that depends on it. */
function chainTo(graph: Graph, from: string, target: string): readonly string[] {
  const above = new Map<string, string | undefined>([[target, undefined]])
  for (const name of above.keys())
    for (const dependency of dependenciesOf(graph.artifacts.find((node) => node.name === name)!))
      if (!above.has(dependency)) above.set(dependency, name)
  const chain: string[] = []
  for (let name: string | undefined = from; name !== undefined; name = above.get(name)) chain.push(name)
  return chain
}

function nearestDeclared(graph: Graph, path: string): string | undefined {
  const declared = [...graph.artifacts, ...graph.locks].flatMap((node) => [
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

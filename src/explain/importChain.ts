import type { ArtifactNode, Graph } from '../graph/graph.ts'

/**
 * The shortest way from a module that declares an artifact to one that its code reaches, each importing the next;
 * undefined where there is none, as for a module that is gone.
 */
export function importChain(graph: Graph, node: ArtifactNode, module: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string | undefined>(node.declaredIn.map((label) => [label, undefined]))
  // A map is walked through to its end, with what is added on the way: breadth first.
  for (const label of cameFrom.keys())
    for (const next of graph.imports[label] ?? [])
      if (node.modules.includes(next) && !cameFrom.has(next)) cameFrom.set(next, label)
  if (!cameFrom.has(module)) return undefined
  const chain: string[] = []
  for (let label: string | undefined = module; label !== undefined; label = cameFrom.get(label))
    chain.unshift(label)
  return chain
}

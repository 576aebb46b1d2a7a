// Finds the chain of imports that makes a module part of a producer's code.
import type { ArtifactNode, Graph } from '../graph/graph.ts'

/**
 * The shortest chain from a module that declares an artifact to one that its code reaches; each imports the next.
 * Undefined if there is none, such as for a removed module.
 */
export function importChain(graph: Graph, node: ArtifactNode, module: string): readonly string[] | undefined {
  const importedBy = new Map<string, string | undefined>(node.declaredIn.map((label) => [label, undefined]))
  // The loop also visits the labels that it adds: breadth first.
  for (const label of importedBy.keys())
    for (const next of graph.imports[label] ?? [])
      if (node.modules.includes(next) && !importedBy.has(next)) importedBy.set(next, label)
  if (!importedBy.has(module)) return undefined
  const chain: string[] = []
  for (let label: string | undefined = module; label !== undefined; label = importedBy.get(label))
    chain.unshift(label)
  return chain
}

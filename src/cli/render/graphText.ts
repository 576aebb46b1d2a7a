// Renders the dependencies between artifacts as text.
import type { ArtifactNode, Graph } from '../../graph/graph.ts'
import { closure, dependenciesOf, lockfilesOf } from '../../graph/graph.ts'
import { documentText } from './print.ts'

export const GRAPH_FORMATS = ['text', 'dot', 'mermaid', 'json'] as const

/** The targets and all their dependencies: an indented tree, Graphviz, Mermaid, or one JSON document with all declarations. */
export function graphText(
  graph: Graph,
  targets: readonly string[],
  format: (typeof GRAPH_FORMATS)[number],
): string {
  const nodes = closure(graph, targets)
  const edges = nodes.flatMap((node) => [
    ...dependenciesOf(node).map((name) => [name, node.name] as const),
    ...lockfilesOf(node).map((name) => [`${name}.lock`, node.name] as const),
  ])
  switch (format) {
    case 'text':
      return targets.map((target) => tree(nodes, target)).join('\n')
    case 'dot':
      return ['digraph lbuild {', ...edges.map(([from, to]) => `  "${from}" -> "${to}"`), '}'].join('\n')
    case 'mermaid':
      return ['flowchart LR', ...edges.map(([from, to]) => `  ${from} --> ${to}`)].join('\n')
    case 'json':
      return documentText({ artifacts: nodes, lockfiles: graph.lockfiles })
  }
}

/** A target and all its dependencies, indented. An artifact that occurs again is marked `…` and not expanded. */
function tree(nodes: readonly ArtifactNode[], target: string): string {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const expanded = new Set<string>()
  const lines: string[] = []
  const visit = (name: string, indent: string): void => {
    const node = byName.get(name)
    if (node === undefined) return
    const dependencies = dependenciesOf(node)
    const again = expanded.has(name) && dependencies.length > 0
    lines.push(`${indent}${name}${again ? ' …' : ''}`)
    if (again) return
    expanded.add(name)
    for (const dependency of dependencies) visit(dependency, `${indent}  `)
    for (const lockfile of lockfilesOf(node)) lines.push(`${indent}  ${lockfile} (lockfile)`)
  }
  visit(target, '')
  return lines.join('\n')
}

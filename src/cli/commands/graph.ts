import { print } from '../render/print.ts'
import type { ArtifactNode, Graph } from '../../graph/graph.ts'
import { closure, dependenciesOf, lockfilesOf } from '../../graph/graph.ts'
import { checkTargets } from '../../executor/targets.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { openSession } from '../session.ts'

export interface GraphOptions extends WorkspaceOptions {
  readonly format: 'text' | 'dot' | 'mermaid' | 'json'
}

/** `lbuild graph [TARGET…]`: what depends on what. */
export async function graphCommand(
  invocation: Invocation,
  words: readonly string[],
  options: GraphOptions,
): Promise<number> {
  const { workspace, targets } = await openSession(invocation, words, options)
  const { graph } = workspace
  checkTargets(graph, targets)
  workspace.index.save()
  print(`${render(graph, targets, options.format)}\n`)
  return 0
}

/** The part of a graph at and below some targets, in one of the formats. */
export function render(graph: Graph, targets: readonly string[], format: GraphOptions['format']): string {
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
      return JSON.stringify({ schemaVersion: 1, artifacts: nodes, lockfiles: graph.lockfiles }, undefined, 2)
  }
}

/** A target and what is below it, indented; what was already shown is not opened again. */
function tree(nodes: readonly ArtifactNode[], target: string): string {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const shown = new Set<string>()
  const lines: string[] = []
  const visit = (name: string, indent: string): void => {
    const node = byName.get(name)!
    const below = dependenciesOf(node)
    const again = shown.has(name) && below.length > 0
    lines.push(`${indent}${name}${again ? ' …' : ''}`)
    if (again) return
    shown.add(name)
    for (const dependency of below) visit(dependency, `${indent}  `)
    for (const lock of lockfilesOf(node)) lines.push(`${indent}  ${lock} (lock)`)
  }
  visit(target, '')
  return lines.join('\n')
}

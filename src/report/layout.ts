// Places the nodes of a graph in layers from left to right.
import { NODE } from './model.ts'

/** A point, in pixels. */
export type Point = readonly [x: number, y: number]

/** Where nodes and edges are. All positions are in pixels. */
export interface Layout {
  readonly width: number
  readonly height: number
  /** The center of each node. */
  readonly nodes: readonly Point[]
  /** For each edge, in the order of the call, the points between the centers of its nodes. */
  readonly edges: readonly (readonly Point[])[]
}

/** An edge, as positions in a list of nodes. */
export type Edge = readonly [from: number, to: number]

const GAP = { layers: 72, nodes: 18 }

/**
 * Places `count` nodes in layers, dependencies to the left, so that edges cross rarely (Sugiyama, Tagawa and Toda, 1981).
 * Edges must contain no cycle. The same graph always gets the same layout.
 */
export async function layoutOf(count: number, edges: readonly Edge[]): Promise<Layout> {
  if (count === 0) return { width: 0, height: 0, nodes: [], edges: [] }
  const { coordCenter, decrossTwoLayer, graph, layeringLongestPath, sugiyama, twolayerAgg } =
    await import('d3-dag')
  const drawn = graph<number, number>()
  const nodes = Array.from({ length: count }, (_, at) => drawn.node(at))
  for (const [at, [from, to]] of edges.entries()) {
    const [source, target] = [nodes[from], nodes[to]]
    if (source && target) drawn.link(source, target, at)
  }
  // d3-dag places layers from top to bottom, so width and height are exchanged.
  const { width, height } = sugiyama()
    .nodeSize([NODE.height, NODE.width])
    .gap([GAP.nodes, GAP.layers])
    .layering(layeringLongestPath())
    .decross(decrossTwoLayer().order(twolayerAgg()).passes(PASSES))
    .coord(coordCenter())(drawn)
  const round = (value: number): number => Math.round(value * 10) / 10
  const paths: Point[][] = edges.map(() => [])
  for (const { data, points } of drawn.links())
    paths[data] = points.slice(1, -1).map(([x, y]): Point => [round(y), round(x)])
  return {
    width: height,
    height: width,
    nodes: nodes.map(({ x, y }): Point => [round(y), round(x)]),
    edges: paths,
  }
}

/** How often the order of nodes is improved; more passes remove few crossings and cost seconds in a graph of 1,000 nodes. */
const PASSES = 4

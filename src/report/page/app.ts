// What the parts of the page share: the data and the selected node.
import type { PageData, PageNode } from '../model.ts'

type Listener = (selected: number | undefined) => void

/** The data of the page and the node that the reader selected, as a position in the list of nodes. */
export class App {
  readonly data: PageData
  /** For each node, the nodes that depend on it. */
  readonly dependents: readonly (readonly number[])[]
  #selected: number | undefined
  readonly #listeners: Listener[] = []

  constructor(data: PageData) {
    this.data = data
    const dependents: number[][] = data.nodes.map(() => [])
    for (const { from, to } of data.edges) dependents[from]?.push(to)
    this.dependents = dependents
  }

  get selected(): number | undefined {
    return this.#selected
  }

  node(at: number | undefined): PageNode | undefined {
    return at === undefined ? undefined : this.data.nodes[at]
  }

  /** The position of an artifact; undefined if the graph does not contain it. */
  find(kind: PageNode['kind'], name: string): number | undefined {
    const at = this.data.nodes.findIndex((node) => node.kind === kind && node.name === name)
    return at < 0 ? undefined : at
  }

  select(at: number | undefined): void {
    this.#selected = at
    for (const listener of this.#listeners) listener(at)
  }

  onSelect(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** A node, its dependencies and its dependents. */
  neighbours(at: number): ReadonlySet<number> {
    return new Set([at, ...(this.node(at)?.dependencies ?? []), ...(this.dependents[at] ?? [])])
  }
}

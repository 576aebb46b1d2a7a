// Draws the graph: boxes for artifacts and lockfiles, lines for dependencies, the selection and the critical path.
import type { PageEdge, PageNode } from '../model.ts'
import { NODE } from '../model.ts'
import type { App } from './app.ts'
import { svg } from './dom.ts'
import { measures, outcomeWord } from './format.ts'
import { Viewport } from './viewport.ts'
import type { Part } from './visibleParts.ts'
import { VisibleParts } from './visibleParts.ts'

/** The drawing of the graph. */
export class GraphView {
  readonly element: SVGSVGElement
  readonly viewport: Viewport
  readonly #app: App
  readonly #nodes: readonly SVGGElement[]
  readonly #edges: readonly SVGPathElement[]
  /** The node that the Tab key reaches. */
  #current = 0
  #onlyNeighbours = false

  constructor(app: App) {
    this.#app = app
    const { nodes, edges, width, height } = app.data
    this.#edges = edges.map((edge) => edgePath(nodes, edge))
    this.#nodes = nodes.map((node, at) => this.#box(node, at))
    const drawing = svg('g', {}, svg('g', { class: 'edges' }, ...this.#edges), svg('g', {}, ...this.#nodes))
    this.element = svg(
      'svg',
      {
        class: 'graph',
        role: 'group',
        'aria-label': 'Graph of artifacts',
        keydown: (event: KeyboardEvent) => this.#key(event),
      },
      drawing,
    )
    const parts = new VisibleParts([
      ...nodes.flatMap((node, at) => partOf(this.#nodes[at], [[node.x, node.y]])),
      ...edges.flatMap(({ from, to, via }, at) =>
        partOf(this.#edges[at], [...pointOf(nodes[from]), ...via, ...pointOf(nodes[to])]),
      ),
    ])
    this.viewport = new Viewport(this.element, drawing, { width, height }, (view, w, h) =>
      parts.update(view, w, h),
    )
    app.onSelect((at) => this.#showSelection(at))
    this.#makeCurrent(
      Math.max(
        0,
        nodes.findIndex(({ kind }) => kind === 'artifact'),
      ),
    )
  }

  /** Dims all nodes but those whose names contain a text; none for an empty text. Returns the positions of the others. */
  search(text: string): readonly number[] {
    const wanted = text.trim().toLowerCase()
    const found = this.#app.data.nodes.flatMap(({ name }, at) =>
      wanted !== '' && name.toLowerCase().includes(wanted) ? [at] : [],
    )
    const matches = new Set(found)
    for (const [at, element] of this.#nodes.entries())
      element.classList.toggle('dimmed', wanted !== '' && !matches.has(at))
    return found
  }

  /** Shows only the selected node and its neighbours. */
  set onlyNeighbours(value: boolean) {
    this.#onlyNeighbours = value
    this.#showSelection(this.#app.selected)
  }

  #box(node: PageNode, at: number): SVGGElement {
    const line = [outcomeWord(node), measures(node)].filter((text) => text !== '').join(' · ')
    const words = `${node.name} ${line}${node.critical ? ', on the critical path' : ''}`
    const classes = [
      'node',
      `node-${node.outcome}`,
      ...(node.critical ? ['critical'] : []),
      ...(node.cutOff ? ['cut-off'] : []),
    ]
    return svg(
      'g',
      {
        class: classes.join(' '),
        transform: `translate(${node.x - NODE.width / 2} ${node.y - NODE.height / 2})`,
        role: 'button',
        tabindex: -1,
        'aria-label': words,
        'aria-pressed': 'false',
        click: () => this.#app.select(at),
        focus: () => this.#makeCurrent(at),
      },
      svg('rect', { class: 'box', width: NODE.width, height: NODE.height, rx: 8 }),
      svg('rect', { class: 'strip', x: 0, y: 8, width: 4, height: NODE.height - 16, rx: 2 }),
      // The inner element cuts off texts that are too long.
      svg(
        'svg',
        { width: NODE.width - 8, height: NODE.height },
        svg('text', { class: 'name', x: 14, y: 20 }, node.name),
        ' ',
        svg('text', { class: 'line', x: 14, y: 37 }, line),
      ),
    )
  }

  #makeCurrent(at: number): void {
    this.#nodes[this.#current]?.setAttribute('tabindex', '-1')
    this.#current = at
    this.#nodes[at]?.setAttribute('tabindex', '0')
  }

  #showSelection(selected: number | undefined): void {
    const near = selected === undefined ? undefined : this.#app.neighbours(selected)
    for (const [at, element] of this.#nodes.entries()) {
      element.classList.toggle('selected', at === selected)
      element.setAttribute('aria-pressed', String(at === selected))
      element.classList.toggle('far', near !== undefined && !near.has(at))
    }
    for (const [at, { from, to }] of this.#app.data.edges.entries()) {
      const touches = from === selected || to === selected
      this.#edges[at]?.classList.toggle('near', touches)
      this.#edges[at]?.classList.toggle('far', near !== undefined && !touches)
    }
    this.element.classList.toggle('only-near', near !== undefined && this.#onlyNeighbours)
    const node = this.#app.node(selected)
    if (node === undefined || selected === undefined) return
    this.#makeCurrent(selected)
    this.viewport.reveal(node.x, node.y, NODE.height)
  }

  /** Arrow keys walk along dependencies and within a layer; Enter selects; + - 0 zoom. */
  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const zoomed = ZOOM_KEYS.get(event.key)
    if (event.key === 'Enter' || event.key === ' ') this.#app.select(this.#current)
    else if (event.key === 'Escape') this.#app.select(undefined)
    else if (event.key === '0') this.viewport.fit()
    else if (zoomed !== undefined) this.viewport.zoom(zoomed)
    else {
      const to = this.#step(event.key)
      if (to === undefined) return
      const { x, y } = this.#app.data.nodes[to] ?? { x: 0, y: 0 }
      this.viewport.reveal(x, y, NODE.height)
      this.#nodes[to]?.focus({ preventScroll: true })
    }
    event.preventDefault()
  }

  /** The node that a key leads to from the current one. */
  #step(key: string): number | undefined {
    const { nodes } = this.#app.data
    const current = nodes[this.#current]
    if (current === undefined) return undefined
    const nearest = (candidates: readonly number[]): number | undefined =>
      candidates.toSorted((a, b) => distance(current, nodes[a]) - distance(current, nodes[b]))[0]
    const layer = (isFurther: (node: PageNode) => boolean): readonly number[] =>
      nodes.flatMap((node, at) => (node.x === current.x && isFurther(node) ? [at] : []))
    switch (key) {
      case 'ArrowLeft':
        return nearest(current.dependencies)
      case 'ArrowRight':
        return nearest(this.#app.dependents[this.#current] ?? [])
      case 'ArrowUp':
        return nearest(layer(({ y }) => y < current.y))
      case 'ArrowDown':
        return nearest(layer(({ y }) => y > current.y))
      case 'Home':
        return 0
      case 'End':
        return nodes.length - 1
      default:
        return undefined
    }
  }
}

const ZOOM_KEYS: ReadonlyMap<string, number> = new Map([
  ['+', 1.25],
  ['=', 1.25],
  ['-', 0.8],
])

const distance = (a: PageNode, b: PageNode | undefined): number =>
  b === undefined ? Infinity : Math.abs(a.y - b.y) * 10 + Math.abs(a.x - b.x)

const pointOf = (node: PageNode | undefined): readonly [number, number][] =>
  node === undefined ? [] : [[node.x, node.y]]

/** An element that is drawn around some points. */
function partOf(element: Element | undefined, points: readonly (readonly number[])[]): readonly Part[] {
  if (element === undefined || points.length === 0) return []
  const [xs, ys] = [points.map(([x = 0]) => x), points.map(([, y = 0]) => y)]
  return [
    {
      element,
      left: Math.min(...xs) - NODE.width / 2,
      right: Math.max(...xs) + NODE.width / 2,
      top: Math.min(...ys) - NODE.height / 2,
      bottom: Math.max(...ys) + NODE.height / 2,
    },
  ]
}

/** A smooth line from the right side of a box to the left side of another one. */
function edgePath(nodes: readonly PageNode[], { from, to, via }: PageEdge): SVGPathElement {
  const [source, target] = [nodes[from], nodes[to]]
  if (source === undefined || target === undefined) return svg('path')
  const points = [
    [source.x + NODE.width / 2, source.y],
    ...via,
    [target.x - NODE.width / 2, target.y],
  ] as const
  let path = ''
  let [lastX, lastY] = [0, 0]
  for (const [at, [x = 0, y = 0]] of points.entries()) {
    const middle = (lastX + x) / 2
    path += at === 0 ? `M${x} ${y}` : `C${middle} ${lastY} ${middle} ${y} ${x} ${y}`
    ;[lastX, lastY] = [x, y]
  }
  return svg('path', { d: path, class: source.critical && target.critical ? 'edge critical' : 'edge' })
}

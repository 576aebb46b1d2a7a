// The section of the graph: search, zoom, legend, drawing and the panel of the selection.
import type { PageNode } from '../model.ts'
import type { App } from './app.ts'
import { h, section, styled } from './dom.ts'
import { counted } from '../../platform/units.ts'
import { GraphView } from './graph.ts'
import { nodePanel } from './nodeDetails.ts'
import type { View } from './viewport.ts'

/** What the reader set in the graph, which survives an update of a live page. */
export interface GraphState {
  readonly view: View
  readonly text: string
  readonly onlyNeighbours: boolean
}

/** The section and access to what the reader set in it. */
export interface GraphSection {
  readonly element: HTMLElement
  state(): GraphState
  /** Called when the section is in the document; fits the graph unless an earlier state is given. */
  start(state: GraphState | undefined): void
}

/** The smallest scale at which the page first shows a graph. */
const READABLE = 0.75

/** The node that a large graph first shows: what failed, else the end of the critical path, else the last one. */
function startOf({ data: { nodes } }: App): PageNode | undefined {
  const failed = nodes.find(({ outcome }) => outcome === 'failed')
  return failed ?? nodes.findLast(({ critical }) => critical) ?? nodes.at(-1)
}

export function graphSection(app: App): GraphSection {
  const graph = new GraphView(app)
  const status = h('span', { class: 'muted', role: 'status', 'aria-live': 'polite' })
  const search = h('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Search artifacts',
    autocomplete: 'off',
  })
  let found: readonly number[] = []
  const runSearch = (): void => {
    found = graph.search(search.value)
    status.textContent =
      search.value.trim() === '' ? '' : counted(found.length, 'match').replace('matchs', 'matches')
  }
  search.addEventListener('input', runSearch)
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || found.length === 0) return
    event.preventDefault()
    const at = found.indexOf(app.selected ?? -1)
    app.select(found[(at + 1) % found.length])
  })
  const near = h('button', { type: 'button', 'aria-pressed': 'false' }, 'Only neighbours')
  let onlyNeighbours = false
  const setNear = (value: boolean): void => {
    onlyNeighbours = value
    near.setAttribute('aria-pressed', String(value))
    graph.onlyNeighbours = value
  }
  near.addEventListener('click', () => setNear(!onlyNeighbours))
  const { viewport } = graph
  const element = section(
    'graph',
    'Graph',
    h(
      'div',
      { class: 'toolbar' },
      h('label', { class: 'hidden', for: 'search' }, 'Search artifacts'),
      search,
      status,
      h('span', { class: 'spacer' }),
      near,
      h('button', { type: 'button', 'aria-label': 'Zoom out', click: () => viewport.zoom(0.8) }, '−'),
      h('button', { type: 'button', 'aria-label': 'Zoom in', click: () => viewport.zoom(1.25) }, '+'),
      h('button', { type: 'button', click: () => viewport.fit() }, 'Fit'),
    ),
    styled(h('div', { class: 'stage' }, graph.element, nodePanel(app)), {
      '--graph-height': `${app.data.height + 64}px`,
    }),
    legend(app),
    h(
      'p',
      { class: 'muted hint' },
      'Drag to move, Ctrl and wheel to zoom. Keys: / searches, arrows follow dependencies, Enter selects, + − 0 zoom, Escape closes.',
    ),
  )
  return {
    element,
    state: () => ({ view: viewport.view, text: search.value, onlyNeighbours }),
    start(state) {
      if (state === undefined) return viewport.start(READABLE, startOf(app))
      search.value = state.text
      runSearch()
      setNear(state.onlyNeighbours)
      viewport.show(state.view)
    },
  }
}

function legend({ data: { nodes } }: App): HTMLElement {
  const outcomes = [...new Set(nodes.map(({ outcome }) => outcome))]
  return h(
    'p',
    { class: 'legend' },
    ...outcomes.map((outcome) =>
      h(
        'span',
        {},
        h('span', { class: `dot dot-${outcome}` }),
        outcome === 'unreached' ? 'not reached' : outcome,
      ),
    ),
    nodes.some(({ cutOff }) => cutOff) &&
      h('span', {}, h('span', { class: 'swatch cut-off-mark' }), 'early cutoff'),
    nodes.some(({ critical }) => critical) &&
      h('span', {}, h('span', { class: 'swatch critical-mark' }), 'critical path'),
  )
}

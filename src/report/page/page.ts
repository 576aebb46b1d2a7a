// The script of the report page: shows the data that the document contains, and follows the server of a live page.
import type { PageData } from '../model.ts'
import { App } from './app.ts'
import { causesSection } from './causes.ts'
import { h } from './dom.ts'
import type { GraphSection } from './graphSection.ts'
import { graphSection } from './graphSection.ts'
import { followServer } from './live.ts'
import { summary } from './summary.ts'
import { tableSection } from './table.ts'
import { themeButton } from './theme.ts'
import { timelineSection } from './timeline.ts'
import { trendsSection } from './trends.ts'

const SECTIONS = [
  ['graph', 'Graph'],
  ['causes', 'Causes'],
  ['timeline', 'Timeline'],
  ['artifacts', 'Artifacts'],
  ['trends', 'Trends'],
] as const

/** What is shown now. */
interface Shown {
  readonly app: App
  readonly graph?: GraphSection
}

const head = h('div', { class: 'summary' })
const body = h('div', { class: 'sections' })

/** Shows data in place of other data, and keeps what the reader selected, opened and typed. */
function show(data: PageData, before: Shown | undefined): Shown {
  document.title = `${data.title} · lbuild report`
  head.replaceChildren(...summary(data).filter((child) => child !== undefined && child !== false))
  const app = new App(data)
  if (data.build === undefined) {
    body.replaceChildren()
    return { app }
  }
  const focused = document.activeElement?.id
  const opened = openStates()
  const graph = graphSection(app)
  body.replaceChildren(
    graph.element,
    causesSection(app),
    timelineSection(app),
    tableSection(app),
    trendsSection(app),
  )
  for (const details of body.querySelectorAll('details')) {
    const open = opened.get(details.dataset.key ?? '')
    if (open !== undefined) details.open = open
  }
  const isSameGraph = before?.app.data.nodes.length === data.nodes.length
  const state = before?.graph?.state()
  graph.start(isSameGraph ? state : undefined)
  const selected = before?.app.node(before.app.selected)
  if (selected) app.select(app.find(selected.kind, selected.name))
  else if (before === undefined) app.select(firstFailure(data))
  if (isSameGraph && state) graph.start(state)
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true })
  return { app, graph }
}

/** The first artifact that failed, which a reader wants to see first. */
function firstFailure({ nodes }: PageData): number | undefined {
  const at = nodes.findIndex(({ outcome }) => outcome === 'failed')
  return at < 0 ? undefined : at
}

/** Which foldable parts are open, by their keys. */
const openStates = (): ReadonlyMap<string, boolean> =>
  new Map([...body.querySelectorAll('details')].map(({ dataset, open }) => [dataset.key ?? '', open]))

const embedded: PageData = JSON.parse(document.getElementById('data')?.textContent ?? '{}')
document.body.prepend(
  h('a', { class: 'skip', href: '#graph' }, 'Skip to the graph'),
  h(
    'header',
    { class: 'bar-top' },
    h('span', { class: 'brand' }, 'lbuild'),
    h(
      'nav',
      { 'aria-label': 'Sections' },
      ...SECTIONS.map(([id, title]) => h('a', { href: `#${id}` }, title)),
    ),
    themeButton(),
  ),
  h('main', {}, head, body),
)
let shown = show(embedded, undefined)
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target instanceof HTMLInputElement) return
  event.preventDefault()
  document.getElementById('search')?.focus()
})
if (embedded.live !== undefined)
  followServer(
    (data) => (shown = show(data, shown)),
    (text) => document.getElementById('live-state')?.replaceChildren(text),
  )

// Shows when each artifact ran and each lockfile was resolved and fetched.
import type { PageNode } from '../model.ts'
import type { App } from './app.ts'
import { h, limited, section, styled } from './dom.ts'
import { duration } from '../../platform/units.ts'

const SHOWN_ROWS = 100

/** The section with one row for each node that took time, in the order in which they started. */
export function timelineSection(app: App): HTMLElement {
  const { nodes, build } = app.data
  const rows = nodes
    .map((node, at) => ({ node, at }))
    .filter(({ node }) => node.spans.length > 0)
    .sort((a, b) => startOf(a.node) - startOf(b.node))
  if (rows.length === 0)
    return section('timeline', 'Timeline', h('p', { class: 'muted' }, 'No producer ran.'))
  const end = Math.max(
    1,
    (build?.seconds ?? 0) * 1000,
    ...rows.flatMap(({ node }) => node.spans.map(({ to }) => to)),
  )
  return section(
    'timeline',
    'Timeline',
    h(
      'p',
      { class: 'legend', 'aria-label': 'Legend' },
      ...['inputs', 'produce', 'store', 'publish', 'restore', 'resolve', 'fetch']
        .filter((name) => rows.some(({ node }) => node.spans.some((span) => span.name === name)))
        .map((name) => h('span', {}, h('span', { class: `swatch span-${name}` }), name)),
      h('span', {}, h('span', { class: 'swatch critical-mark' }), 'critical path'),
    ),
    axis(end),
    limited(
      h('ol', { class: 'rows' }),
      rows.map(
        ({ node, at }) =>
          () =>
            row(app, node, at, end),
      ),
      SHOWN_ROWS,
      'runs',
    ),
  )
}

const startOf = ({ spans }: PageNode): number => spans[0]?.from ?? 0

function axis(end: number): HTMLElement {
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) =>
    styled(h('span', {}, duration((end * part) / 1000)), { left: `${part * 100}%` }),
  )
  return h('div', { class: 'axis', 'aria-hidden': 'true' }, h('div', { class: 'axis-track' }, ...marks))
}

function row(app: App, node: PageNode, at: number, end: number): HTMLElement {
  const total = node.spans.reduce((sum, { from, to }) => sum + to - from, 0) / 1000
  const percent = (time: number): string => `${(time / end) * 100}%`
  const words = node.spans.map(({ name, from, to }) => `${name} ${duration((to - from) / 1000)}`).join(', ')
  return h(
    'li',
    { class: node.critical ? 'row critical' : 'row' },
    h(
      'button',
      { type: 'button', class: 'row-name', title: node.name, click: () => app.select(at) },
      node.name,
    ),
    h(
      'div',
      { class: 'track', title: words },
      ...node.spans.map(({ name, from, to }) =>
        styled(h('span', { class: `bar span-${name} bar-${node.outcome}` }), {
          left: percent(from),
          width: percent(to - from),
        }),
      ),
    ),
    h('span', { class: 'row-time' }, duration(total)),
    h('span', { class: 'hidden' }, `: ${words}`),
  )
}

// Shows how the time of builds and the size of published outputs developed over past builds.
import type { PageTrend } from '../model.ts'
import type { App } from './app.ts'
import { h, section, styled, svg } from './dom.ts'
import { bytes, counted, duration } from '../../platform/units.ts'
import { moment } from './format.ts'

/** How many outputs have a chart; the largest ones come first. */
const SHOWN_OUTPUTS = 12

/** The section with all trends. */
export function trendsSection({ data: { trends } }: App): HTMLElement {
  if (trends.length === 0)
    return section('trends', 'Trends', h('p', { class: 'muted' }, 'The log contains no builds.'))
  const last = trends.at(-1)?.sizes ?? {}
  const paths = Object.keys(last).sort((a, b) => (last[b] ?? 0) - (last[a] ?? 0))
  return section(
    'trends',
    'Trends',
    h('h3', {}, `Time of the last ${counted(trends.length, 'build')}`),
    times(trends),
    paths.length > 0 && h('h3', {}, 'Size of published outputs'),
    paths.length > 0 &&
      h('div', { class: 'charts' }, ...paths.slice(0, SHOWN_OUTPUTS).map((path) => sizeChart(path, trends))),
    paths.length > SHOWN_OUTPUTS &&
      h('p', { class: 'muted' }, `and ${counted(paths.length - SHOWN_OUTPUTS, 'smaller output')}`),
    numbers(trends),
  )
}

function times(trends: readonly PageTrend[]): HTMLElement {
  const most = Math.max(0.001, ...trends.map(({ seconds }) => seconds))
  const bars = trends.map(({ id, startedAt, end, seconds, built }) =>
    styled(
      h('span', {
        class: `column end-${end}`,
        title: `${moment(startedAt)}: ${duration(seconds)}, ${built} built, ${end} (${id})`,
      }),
      { height: `${Math.max(1, (seconds / most) * 100)}%` },
    ),
  )
  const newest = trends.at(-1)?.seconds ?? 0
  const label = `Build times: ${counted(trends.length, 'build')}, the longest ${duration(most)}, the newest ${duration(newest)}`
  return h(
    'div',
    { class: 'columns-chart' },
    h(
      'div',
      { class: 'scale', 'aria-hidden': 'true' },
      h('span', {}, duration(most)),
      h('span', {}, duration(most / 2)),
      h('span', {}, '0'),
    ),
    h('div', { class: 'columns', role: 'img', 'aria-label': label }, ...bars),
  )
}

function sizeChart(path: string, trends: readonly PageTrend[]): HTMLElement {
  const sizes = trends.flatMap(({ sizes: all }) => (Object.hasOwn(all, path) ? [all[path] ?? 0] : []))
  const [first = 0, newest = 0] = [sizes[0], sizes.at(-1)]
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const range = Math.max(most - least, most * 0.02, 1)
  const middle = (least + most) / 2
  const points = (sizes.length === 1 ? [newest, newest] : sizes).map((size, at, all) => {
    const x = (at / (all.length - 1)) * 100
    return `${x.toFixed(2)},${(50 - ((size - middle) / range) * 80).toFixed(2)}`
  })
  const change = newest - first
  const percent = first === 0 ? 0 : (change / first) * 100
  const words =
    change === 0
      ? 'unchanged'
      : `${change > 0 ? '+' : '−'}${bytes(Math.abs(change))} (${percent > 0 ? '+' : '−'}${Math.abs(percent).toFixed(1)} %)`
  return h(
    'figure',
    { class: 'chart' },
    h(
      'figcaption',
      {},
      h('code', { title: path }, path),
      h('span', { class: 'chart-value' }, bytes(newest)),
      h('span', { class: 'muted' }, words),
    ),
    svg(
      'svg',
      {
        viewBox: '0 0 100 100',
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': `Size of ${path} over ${counted(sizes.length, 'build')}: from ${bytes(first)} to ${bytes(newest)}`,
      },
      svg('polyline', { class: 'area', points: `0,100 ${points.join(' ')} 100,100` }),
      svg('polyline', { class: 'stroke', points: points.join(' ') }),
    ),
  )
}

function numbers(trends: readonly PageTrend[]): HTMLElement {
  const rows = trends
    .toReversed()
    .map(({ id, startedAt, end, seconds, built, restored, fresh, failed }) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, h('code', {}, id)),
        ...[moment(startedAt), end, duration(seconds), built, restored, fresh, failed].map((value) =>
          h('td', {}, String(value)),
        ),
      ),
    )
  const heads = ['Build', 'Started', 'End', 'Time', 'Built', 'Restored', 'Fresh', 'Failed']
  return h(
    'details',
    { class: 'numbers', 'data-key': 'numbers' },
    h('summary', {}, 'As a table'),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Past builds' },
      h(
        'table',
        {},
        h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
        h('tbody', {}, ...rows),
      ),
    ),
  )
}

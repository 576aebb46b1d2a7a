// Lists all artifacts in a table that sorts by any column.
import type { PageNode } from '../model.ts'
import type { App } from './app.ts'
import { h, limited, section } from './dom.ts'
import { bytes, duration } from '../../platform/units.ts'
import { outcomeWord, sizeOf } from './format.ts'

interface Column {
  readonly title: string
  readonly isNumber?: boolean
  /** The value to sort by; undefined sorts last. */
  readonly value: (node: PageNode) => string | number | undefined
  readonly text: (node: PageNode) => string
}

const time = (seconds: number | undefined): string => (seconds === undefined ? '–' : duration(seconds))

const COLUMNS: readonly Column[] = [
  { title: 'Artifact', value: ({ name }) => name, text: ({ name }) => name },
  { title: 'Verdict', value: ({ verdict }) => verdict, text: ({ verdict }) => verdict ?? '–' },
  { title: 'Outcome', value: outcomeWord, text: outcomeWord },
  { title: 'Time', isNumber: true, value: ({ seconds }) => seconds, text: ({ seconds }) => time(seconds) },
  {
    title: 'Previous run',
    isNumber: true,
    value: ({ usualSeconds }) => usualSeconds,
    text: ({ usualSeconds }) => time(usualSeconds),
  },
  {
    title: 'Size',
    isNumber: true,
    value: sizeOf,
    text: (node) => {
      const size = sizeOf(node)
      return size === undefined ? '–' : bytes(size)
    },
  },
  {
    title: 'Why',
    value: ({ reasons }) => reasons[0],
    text: ({ reasons }) =>
      reasons.length < 2 ? (reasons[0] ?? '') : `${reasons[0] ?? ''} (and ${reasons.length - 1} more)`,
  },
]

const SHOWN_ROWS = 100

/** The section with the table. */
export function tableSection(app: App): HTMLElement {
  const rows = app.data.nodes.map((node, at) => ({ node, at })).filter(({ node }) => node.kind === 'artifact')
  const holder = h('div', {
    class: 'scroll',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Table of artifacts',
  })
  const show = (column: Column | undefined, descending: boolean): void => {
    const sorted = column
      ? rows.toSorted((a, b) => compare(column.value(a.node), column.value(b.node), descending))
      : rows
    const heads = COLUMNS.map((one) => {
      const isSorted = one === column
      return h(
        'th',
        {
          scope: 'col',
          'aria-sort': isSorted ? (descending ? 'descending' : 'ascending') : 'none',
          class: one.isNumber && 'number',
        },
        h(
          'button',
          {
            type: 'button',
            click: () => {
              show(one, isSorted ? !descending : (one.isNumber ?? false))
              holder.querySelectorAll('th button').forEach((button, index) => {
                if (COLUMNS[index] === one && button instanceof HTMLElement) button.focus()
              })
            },
          },
          one.title,
          isSorted && h('span', { 'aria-hidden': 'true' }, descending ? ' ↓' : ' ↑'),
        ),
      )
    })
    const body = h('tbody')
    const more = limited(
      body,
      sorted.map(
        ({ node, at }) =>
          () =>
            rowOf(app, node, at),
      ),
      SHOWN_ROWS,
      'artifacts',
    )
    const table = h('table', {}, h('thead', {}, h('tr', {}, ...heads)), body)
    holder.replaceChildren(table, ...(more === body ? [] : [...more.querySelectorAll(':scope > button')]))
  }
  show(undefined, false)
  return section('artifacts', 'Artifacts', holder)
}

function rowOf(app: App, node: PageNode, at: number): HTMLElement {
  const [first, ...others] = COLUMNS
  return h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      h('button', { type: 'button', class: 'link', click: () => app.select(at) }, first?.text(node) ?? ''),
    ),
    ...others.map((column) =>
      h(
        'td',
        { class: column.isNumber && 'number' },
        column.title === 'Outcome' && h('span', { class: `dot dot-${node.outcome}` }),
        column.text(node),
      ),
    ),
  )
}

function compare(
  a: string | number | undefined,
  b: string | number | undefined,
  descending: boolean,
): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  const order = a < b ? -1 : a > b ? 1 : 0
  return descending ? -order : order
}

// Shows everything about the selected node; without a selection, the critical path.
import type { PageNode } from '../model.ts'
import type { App } from './app.ts'
import type { Child } from './dom.ts'
import { h } from './dom.ts'
import { failureBlock } from './failure.ts'
import { bytes, duration } from '../../platform/units.ts'
import { outcomeWord } from './format.ts'

/** A button that selects a node. */
export const nodeButton = (app: App, at: number | undefined, name: string): HTMLElement =>
  at === undefined
    ? h('span', { class: 'chip' }, name)
    : h(
        'button',
        { type: 'button', class: 'chip', click: () => app.select(at) },
        h('span', { class: `dot dot-${app.node(at)?.outcome ?? ''}` }),
        name,
      )

/** The panel beside the graph. It follows the selection. */
export function nodePanel(app: App): HTMLElement {
  const panel = h('div', {
    class: 'panel',
    id: 'panel',
    role: 'region',
    'aria-label': 'Selection',
    tabindex: 0,
  })
  const show = (at: number | undefined): void => {
    const node = app.node(at)
    panel.replaceChildren(
      ...(at !== undefined && node ? details(app, at, node) : criticalPath(app)).filter(
        (child) => child !== undefined && child !== false,
      ),
    )
    panel.scrollTop = 0
  }
  app.onSelect(show)
  show(app.selected)
  return panel
}

function criticalPath(app: App): readonly Child[] {
  const { path, build } = app.data
  const total = path.reduce((sum, { seconds }) => sum + seconds, 0)
  if (path.length === 0)
    return [
      h('h3', {}, 'Nothing ran'),
      h('p', { class: 'muted' }, 'Select an artifact to see more about it.'),
    ]
  return [
    h('h3', {}, 'Critical path'),
    h(
      'p',
      { class: 'muted' },
      `${duration(total)} of ${duration(build?.seconds ?? total)}. More jobs cannot make the build shorter than this chain.`,
    ),
    h(
      'ol',
      { class: 'path' },
      ...path.map(({ kind, name, seconds }) =>
        h(
          'li',
          {},
          nodeButton(app, app.find(kind, name), name),
          h('span', { class: 'muted' }, ` ${duration(seconds)}`),
        ),
      ),
    ),
  ]
}

function details(app: App, at: number, node: PageNode): readonly Child[] {
  const fact = (label: string, value: string | undefined): readonly HTMLElement[] =>
    value === undefined ? [] : [h('dt', {}, label), h('dd', {}, value)]
  const time = (seconds: number | undefined): string | undefined =>
    seconds === undefined ? undefined : duration(seconds)
  return [
    h(
      'div',
      { class: 'panel-head' },
      h('h3', {}, node.name),
      h('button', { type: 'button', class: 'quiet', click: () => app.select(undefined) }, 'Close'),
    ),
    h('p', {}, h('span', { class: `badge outcome-${node.outcome}` }, outcomeWord(node))),
    node.failure
      ? failureBlock(node.failure)
      : h('p', {}, `${node.kind === 'lockfile' ? 'This lockfile' : 'This artifact'} ${node.summary}.`),
    h(
      'dl',
      { class: 'facts' },
      ...fact('Verdict', node.verdict),
      ...fact('Time', node.kind === 'lockfile' && node.spans.length === 0 ? undefined : time(node.seconds)),
      ...fact('Previous run', time(node.usualSeconds)),
      ...fact('Saved', time(node.savedSeconds)),
      ...fact('Critical path', node.critical ? 'yes' : undefined),
    ),
    ...list(
      'Why',
      node.reasons.map((reason) => h('li', {}, reason)),
    ),
    ...list(
      'Outputs',
      node.outputs.map(({ name, path, size, published, changed }) =>
        h(
          'li',
          {},
          h('code', {}, path === '' ? name : path),
          h(
            'span',
            { class: 'muted' },
            ` ${bytes(size)}${published ? '' : ', not published'}${changed ? ', changed' : ''}`,
          ),
        ),
      ),
    ),
    ...chips(app, 'Depends on', node.dependencies),
    ...chips(app, 'Needed by', app.dependents[at] ?? []),
  ]
}

const list = (title: string, items: readonly HTMLElement[]): readonly Child[] =>
  items.length === 0 ? [] : [h('h4', {}, title), h('ul', { class: 'plain' }, ...items)]

const chips = (app: App, title: string, nodes: readonly number[]): readonly Child[] =>
  nodes.length === 0
    ? []
    : [
        h('h4', {}, title),
        h(
          'div',
          { class: 'chips' },
          ...nodes.map((other) => nodeButton(app, other, app.node(other)?.name ?? '')),
        ),
      ]

// The top of the page: which build it shows, how the build ended, and its numbers.
import type { PageData, PageNode } from '../model.ts'
import { bytes, counted, duration } from '../../platform/units.ts'
import { moment } from './format.ts'
import { failureBlock } from './failure.ts'
import type { Child } from './dom.ts'
import { h } from './dom.ts'

const END = {
  done: 'done',
  failed: 'failed',
  interrupted: 'interrupted',
  unfinished: 'not finished',
} as const

/** The heading of the page. */
export function summary({ title, at, build, nodes, path, live }: PageData): readonly Child[] {
  if (build === undefined)
    return [h('h1', {}, title), h('p', { class: 'muted' }, 'The log contains no build yet.')]
  const { id, command, startedAt, end, lbuild, incomplete, failure, warnings } = build
  return [
    h(
      'div',
      { class: 'headline' },
      h('h1', {}, title),
      h('span', { class: `badge end-${end}` }, END[end]),
      live !== undefined && h('span', { class: 'badge live', id: 'live-state' }, live),
    ),
    h('p', { class: 'command' }, h('code', {}, command)),
    h(
      'p',
      { class: 'muted' },
      [
        `Build ${id}`,
        `started ${moment(startedAt)}`,
        ...(lbuild === undefined ? [] : [`lbuild ${lbuild}`]),
        `page written ${moment(at)}`,
      ].join(' · '),
    ),
    incomplete && h('p', { class: 'notice' }, 'Parts of the log cannot be read; more may have happened.'),
    failure && failureBlock(failure),
    ...warnings.map((warning) => h('p', { class: 'notice' }, warning)),
    tiles(
      nodes,
      build.seconds,
      build.savedSeconds,
      path.reduce((sum, { seconds }) => sum + seconds, 0),
    ),
  ]
}

function tiles(
  nodes: readonly PageNode[],
  seconds: number,
  saved: number | undefined,
  critical: number,
): HTMLElement {
  const artifacts = nodes.filter(({ kind }) => kind === 'artifact')
  const count = (wanted: PageNode['outcome']): number =>
    artifacts.filter(({ outcome }) => outcome === wanted).length
  const cutOffs = artifacts.filter(({ cutOff }) => cutOff).length
  const published = artifacts.flatMap(({ outputs }) => outputs.filter((output) => output.published))
  const size = published.reduce((sum, output) => sum + output.size, 0)
  const problems = count('failed') + count('skipped') + count('unfinished') + count('unreached')
  const tile = (label: string, value: string, note: string, tone = ''): HTMLElement =>
    h(
      'div',
      { class: `tile ${tone}` },
      h('dt', {}, label),
      h('dd', {}, value),
      h('dd', { class: 'muted' }, note),
    )
  return h(
    'dl',
    { class: 'tiles' },
    tile('Build time', duration(seconds), `critical path ${duration(critical)}`),
    tile('Built', String(count('built')), `of ${counted(artifacts.length, 'artifact')}`, 'tone-built'),
    tile(
      'Reused',
      String(count('fresh') + count('restored')),
      `${count('fresh')} fresh, ${count('restored')} restored, ${counted(cutOffs, 'cutoff')}`,
      'tone-fresh',
    ),
    ...(saved === undefined ? [] : [tile('Saved', duration(saved), 'by reusing results')]),
    ...(problems === 0
      ? []
      : [
          tile(
            'Not built',
            String(problems),
            `${count('failed')} failed, ${count('skipped')} skipped, ${count('unfinished') + count('unreached')} unfinished`,
            'tone-failed',
          ),
        ]),
    tile('Published', bytes(size), counted(published.length, 'output')),
  )
}

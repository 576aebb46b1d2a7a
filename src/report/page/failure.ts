// Shows a failure: the headline, its facts, the last lines of its tools, and the hint.
import type { PageFailure } from '../model.ts'
import { h } from './dom.ts'

/** A failure as an element. */
export const failureBlock = ({ headline, facts, hint, tail }: PageFailure): HTMLElement =>
  h(
    'div',
    { class: 'failure' },
    h('p', { class: 'failure-headline' }, headline),
    tail !== undefined &&
      tail.trim() !== '' &&
      h('pre', { tabindex: 0, role: 'region', 'aria-label': 'last lines of the output' }, tail.trimEnd()),
    facts.length > 0 &&
      h(
        'dl',
        { class: 'facts' },
        ...facts.flatMap(([label, value]) => [h('dt', {}, label), h('dd', {}, value)]),
      ),
    hint !== undefined && h('p', {}, `Hint: ${hint}`),
  )

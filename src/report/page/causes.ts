// Lists the causes of the build: what changed, what followed, and the changed lines.
import type { PageCause } from '../model.ts'
import type { App } from './app.ts'
import { h, limited, section } from './dom.ts'
import { nodeButton } from './nodeDetails.ts'

/** How many consequences and lines of a diff are shown before a button shows the others. */
const SHOWN = { consequences: 12, lines: 200, causes: 30 }

/** The section with all causes. */
export function causesSection(app: App): HTMLElement {
  const { causes } = app.data
  if (causes.length === 0)
    return section(
      'causes',
      'Causes',
      h('p', { class: 'muted' }, 'Nothing changed, or the log does not say what.'),
    )
  return section(
    'causes',
    'Causes',
    limited(
      h('div', { class: 'causes' }),
      causes.map((cause, at) => () => causeCard(app, cause, at)),
      SHOWN.causes,
      'causes',
    ),
  )
}

function causeCard(app: App, cause: PageCause, at: number): HTMLElement {
  const { headline, details, consequences, diffs, unavailable } = cause
  return h(
    'details',
    { class: 'cause', open: at < 3, 'data-key': `cause ${headline}` },
    h('summary', {}, h('h3', {}, headline)),
    details.length > 0 &&
      h('ul', { class: 'evidence' }, ...details.map((line) => h('li', {}, line.trimStart()))),
    consequences.length > 0 &&
      limited(
        h('ul', { class: 'consequences' }),
        consequences.map(
          ({ artifact, text }) =>
            () =>
              h(
                'li',
                {},
                nodeButton(app, app.find('artifact', artifact), artifact),
                h('span', {}, ` ${text}`),
              ),
        ),
        SHOWN.consequences,
        'artifacts',
      ),
    ...diffs.map(diffBlock),
    unavailable.length > 0 &&
      h(
        'p',
        { class: 'muted' },
        `Not text, too large to store, or no longer in the store: ${unavailable.join(', ')}`,
      ),
  )
}

function diffBlock(diff: string): HTMLElement {
  const lines = diff.split('\n')
  const name = (lines.find((line) => line.startsWith('+++ b/')) ?? lines[0] ?? '').replace(/^\+\+\+ b\//, '')
  const pre = h('pre', {
    class: 'diff',
    tabindex: 0,
    role: 'region',
    'aria-label': `Changed lines of ${name}`,
  })
  return limited(
    pre,
    lines.map((line) => () => h('span', { class: `line ${lineClass(line)}` }, `${line}\n`)),
    SHOWN.lines,
    'lines',
  )
}

function lineClass(line: string): string {
  if (/^(\+\+\+|---) /.test(line)) return 'file'
  if (line.startsWith('+')) return 'added'
  if (line.startsWith('-')) return 'removed'
  return line.startsWith('@@') ? 'hunk' : ''
}

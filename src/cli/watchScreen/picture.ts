// Draws the screen of watch: a pure function from its state to lines.
import { printable } from '../../platform/printable.ts'
import { duration } from '../../platform/units.ts'
import { cutLine } from '../render/format.ts'
import { builtCounts, builtTime, CONFIG_NOTE } from './lines.ts'
import type { Page } from './page.ts'
import { hasHead, viewOf } from './page.ts'
import type { Row, ScreenState } from './screenState.ts'

/** Colours a text; tests leave it plain. */
export type Paint = (format: 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold', text: string) => string

export interface Picture {
  readonly width: number
  readonly height: number
  /** The current time in seconds, by the same clock as the times of the state. */
  readonly now: number
  readonly keys: string
  /** What to show instead of the state, such as the help. */
  readonly page?: Page
  readonly paint: Paint
}

const COLORS = {
  fresh: 'green',
  built: 'green',
  restored: 'cyan',
  restorable: 'cyan',
  stale: 'yellow',
  undecided: 'yellow',
  running: 'bold',
  failed: 'red',
} as const

/** The lines of the screen, cut to its size. */
export function draw(state: ScreenState, picture: Picture): string[] {
  const { width, height, now, keys, page, paint } = picture
  const head = headOf(state, paint)
  if (page) return drawPage(head, page, picture)
  const room = Math.max(0, height - 3)
  const body = bodyOf(state, room, now, paint)
  const shown = body.length > room ? [...body.slice(0, Math.max(0, room - 1)), paint('dim', '…')] : body
  const lines = [head, '', ...shown.slice(0, room)]
  while (lines.length < height - 1) lines.push('')
  return [...lines.slice(0, Math.max(0, height - 1)), paint('dim', keys)].map((line) => cutLine(line, width))
}

/** A page below the head, if there is room for it, and above its keys. */
function drawPage(head: string, page: Page, picture: Picture): string[] {
  const { width, height, paint } = picture
  const { lines: shown, position } = viewOf(page, picture)
  const lines = [...(hasHead(picture) ? [head, ''] : []), ...shown]
  while (lines.length < height - 1) lines.push('')
  const keys =
    position === undefined ? 'any key: back' : `${position}  ↑ ↓ PgUp PgDn Home End  any other key: back`
  return [...lines, paint('dim', keys)].slice(0, height).map((line) => cutLine(line, width))
}

function headOf({ targets, doing, fresh, failures }: ScreenState, paint: Paint): string {
  const names = targets.join(', ')
  if (doing === 'starting') return `${paint('bold', 'watch')} ${names}`
  if (doing === 'building') return `${paint('bold', 'building')} ${names}`
  if (failures.size > 0) return `${paint('red', 'failed')} ${names}: waiting for a change`
  return `${fresh ? paint('green', 'fresh') : paint('yellow', 'not fresh')} ${names}`
}

function bodyOf(state: ScreenState, room: number, now: number, paint: Paint): string[] {
  const facts = factsOf(state, paint)
  const failed = failuresOf(state, paint)
  // Failures get at least half of the room; their last lines matter most.
  const forRows = Math.max(1, room - facts.length - Math.min(failed.length, Math.floor(room / 2)) - 1)
  const rows = rowsOf(state, forRows, now, paint)
  const roomLeft = Math.max(0, room - rows.length - facts.length - 1)
  return [...rows, '', ...facts, ...headAndTail(failed, roomLeft)]
}

/** The first line and the last ones. */
function headAndTail(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines
  return room < 2 ? lines.slice(0, room) : [...lines.slice(0, 1), ...lines.slice(lines.length - room + 1)]
}

/** Which rows to show first when there is no room for all. */
const URGENCY: Record<Row['status'], number> = {
  failed: 0,
  running: 1,
  stale: 2,
  undecided: 3,
  restorable: 4,
  built: 5,
  restored: 6,
  fresh: 7,
}

function rowsOf({ rows }: ScreenState, room: number, now: number, paint: Paint): string[] {
  const all = [...rows]
  const wide = Math.max(0, ...all.map(([name]) => name.length))
  const line = ([name, { status, seconds, since }]: (typeof all)[number]): string => {
    const usual = seconds === undefined ? '' : duration(seconds)
    const time =
      status === 'running' && since !== undefined
        ? `${duration(now - since)}${usual && ` of ${usual}`}`
        : usual
    return `  ${name.padEnd(wide)}  ${paint(COLORS[status], status.padEnd(10))} ${time}`
  }
  if (all.length <= room) return all.map(line)
  const first = new Set(
    [...all].sort(([, a], [, b]) => URGENCY[a.status] - URGENCY[b.status]).slice(0, Math.max(0, room - 1)),
  )
  const hidden = all.length - first.size
  return [...all.filter((one) => first.has(one)).map(line), paint('dim', `  … and ${hidden} more`)]
}

function factsOf({ url, changed, last, notes }: ScreenState, paint: Paint): string[] {
  const facts: string[] = []
  if (url !== undefined) facts.push(`${paint('dim', 'page')}     ${url}`)
  if (changed !== '') facts.push(`${paint('dim', 'changed')}  ${printable(changed)}`)
  if (last) {
    const words = [last.outcome, ...builtCounts(last)].join(', ')
    facts.push(`${paint('dim', 'last')}     ${words} in ${builtTime(last)}`)
  }
  return [...facts, ...notes.map((note) => `${paint('dim', 'note')}     ${printable(note)}`)]
}

function failuresOf({ failures }: ScreenState, paint: Paint): string[] {
  return [...failures].flatMap(([name, { headline, tail, facts, hint }]) => [
    `${paint('red', `${name}:`)} ${printable(headline)}`,
    ...(name === 'config' ? [`  ${CONFIG_NOTE}`] : []),
    ...facts.map(([label, value]) => `  ${paint('dim', `${label}:`)} ${printable(value)}`),
    ...(hint === undefined ? [] : [`  ${paint('cyan', 'hint:')} ${printable(hint)}`]),
    ...(tail === undefined
      ? []
      : tail
          .trimEnd()
          .split('\n')
          .map((line) => `  ${paint('dim', '|')} ${printable(line)}`)),
  ])
}

/** The page that explains the last build, or the running one. */
export async function whyPage(state: ScreenState): Promise<readonly string[]> {
  const { explanation, doing } = state
  if (!explanation) return ['Nothing was built yet: everything is fresh.']
  const { explanationLines } = await import('../render/explanation.ts')
  const outcome = (artifact: string): string => outcomeOf(state, artifact)
  const [, ...lines] = await explanationLines(explanation, { all: false, now: Date.now(), outcome })
  const head = doing === 'building' ? 'Why this build runs:' : 'Why the last build ran:'
  return [head, '', ...lines.map(printable)]
}

/** The outcome of an artifact in the last build, or its state in the running one. */
function outcomeOf({ doing, rows, last }: ScreenState, artifact: string): string {
  const { status, seconds } = rows.get(artifact) ?? {}
  const ran = `ran${seconds === undefined ? '' : `, ${duration(seconds)}`}`
  if (doing === 'building')
    switch (status) {
      case 'running':
        return 'is running'
      case 'built':
        return ran
      case 'restored':
        return 'was restored from the store'
      case 'failed':
        return 'failed'
      default:
        return 'has not started'
    }
  if (last?.ran.includes(artifact)) return ran
  if (last?.restored.includes(artifact)) return 'was restored from the store'
  return last?.failed.includes(artifact) ? 'failed' : 'did not run'
}

import { stripVTControlCharacters } from 'node:util'
import { cutLine, duration } from '../render/format.ts'
import type { Row, WatchState } from './state.ts'

/** How a word is painted; a test's paints nothing. */
export type Paint = (format: 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold', text: string) => string

export interface Picture {
  readonly width: number
  readonly height: number
  /** In seconds, of the clock that the state was made with. */
  readonly now: number
  readonly keys: string
  /** Lines that are shown instead of the state, such as a help. */
  readonly page?: readonly string[]
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

/** The lines of the screen, at most as many and as long as it has room for. Pure. */
export function draw(state: WatchState, { width, height, now, keys, page, paint }: Picture): string[] {
  const head = headOf(state, paint)
  const room = Math.max(0, height - 3)
  const body = page ?? bodyOf(state, room, now, paint)
  const shown = body.length > room ? [...body.slice(0, Math.max(0, room - 1)), paint('dim', '…')] : body
  const lines = [head, '', ...shown.slice(0, room)]
  while (lines.length < height - 1) lines.push('')
  return [...lines.slice(0, Math.max(0, height - 1)), paint('dim', keys)].map((line) => cutLine(line, width))
}

function headOf({ targets, doing, fresh, failures }: WatchState, paint: Paint): string {
  const names = targets.join(', ')
  if (doing === 'starting') return `${paint('bold', 'watch')} ${names}`
  if (doing === 'building') return `${paint('bold', 'building')} ${names}`
  if (failures.size > 0) return `${paint('red', 'failed')} ${names}: waiting for a change`
  return `${fresh ? paint('green', 'up to date') : paint('yellow', 'not up to date')} ${names}`
}

function bodyOf(state: WatchState, room: number, now: number, paint: Paint): string[] {
  const facts = factsOf(state, paint)
  const failed = failuresOf(state, paint)
  // What failed has half of the room at least; its last lines say most.
  const forRows = Math.max(1, room - facts.length - Math.min(failed.length, Math.floor(room / 2)) - 1)
  const rows = rowsOf(state, forRows, now, paint)
  const left = Math.max(0, room - rows.length - facts.length - 1)
  return [...rows, '', ...facts, ...fitting(failed, left)]
}

/** The head of some lines and their end. */
function fitting(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines
  return room < 2 ? lines.slice(0, room) : [lines[0]!, ...lines.slice(lines.length - room + 1)]
}

const WEIGHT: Record<Row['is'], number> = {
  failed: 0,
  running: 1,
  stale: 2,
  undecided: 3,
  restorable: 4,
  built: 5,
  restored: 6,
  fresh: 7,
}

function rowsOf({ rows }: WatchState, room: number, now: number, paint: Paint): string[] {
  const all = [...rows]
  const wide = Math.max(0, ...all.map(([name]) => name.length))
  const line = ([name, { is, seconds, since }]: (typeof all)[number]): string => {
    const usual = seconds === undefined ? '' : duration(seconds)
    const time =
      is === 'running' && since !== undefined ? `${duration(now - since)}${usual && ` of ${usual}`}` : usual
    return `  ${name.padEnd(wide)}  ${paint(COLORS[is], is.padEnd(10))} ${time}`
  }
  if (all.length <= room) return all.map(line)
  const first = new Set(
    [...all].sort(([, a], [, b]) => WEIGHT[a.is] - WEIGHT[b.is]).slice(0, Math.max(0, room - 1)),
  )
  const hidden = all.length - first.size
  return [...all.filter((one) => first.has(one)).map(line), paint('dim', `  … and ${hidden} more`)]
}

function factsOf({ changed, last, notes }: WatchState, paint: Paint): string[] {
  const facts: string[] = []
  if (changed !== '') facts.push(`${paint('dim', 'changed')}  ${calm(changed)}`)
  if (last) {
    const { outcome, ran, restored, failed, seconds, secondsSinceChange } = last
    const counts = [
      [ran, 'built'],
      [restored, 'restored'],
      [failed, 'failed'],
    ] as const
    const words = counts.flatMap(([names, word]) => (names.length > 0 ? [`${names.length} ${word}`] : []))
    const since = secondsSinceChange === undefined ? '' : `, ${duration(secondsSinceChange)} after the save`
    facts.push(
      `${paint('dim', 'last')}     ${[outcome, ...words].join(', ')} in ${duration(seconds)}${since}`,
    )
  }
  return [...facts, ...notes.map((note) => `${paint('dim', 'note')}     ${calm(note)}`)]
}

function failuresOf({ failures }: WatchState, paint: Paint): string[] {
  return [...failures].flatMap(([what, { headline, tail, facts, hint }]) => [
    `${paint('red', `${what}:`)} ${calm(headline)}`,
    ...(what === 'config' ? ['  the last config that could be loaded stays in use'] : []),
    ...facts.map(([name, value]) => `  ${paint('dim', `${name}:`)} ${calm(value)}`),
    ...(hint === undefined ? [] : [`  ${paint('cyan', 'hint:')} ${calm(hint)}`]),
    ...(tail === undefined
      ? []
      : tail
          .trimEnd()
          .split('\n')
          .map((line) => `  ${paint('dim', '|')} ${calm(line)}`)),
  ])
}

/** Why what was built last was built, or what is being built, as a page. */
export async function whyPage(state: WatchState): Promise<readonly string[]> {
  const { told, doing } = state
  if (!told) return ['Nothing has been built yet: everything was up to date.']
  const { tellLines } = await import('../render/explanation.ts')
  const became = (artifact: string): string => outcomeOf(state, artifact)
  const [, ...lines] = await tellLines(told, { all: false, now: Date.now(), became })
  const head =
    doing === 'building' ? 'Why this build does what it does:' : 'Why the last build did what it did:'
  return [head, '', ...lines.map(calm)]
}

/** What became of an artifact in the build that is told of, or becomes of it just now. */
function outcomeOf({ doing, rows, last }: WatchState, artifact: string): string {
  const { is, seconds } = rows.get(artifact) ?? {}
  const ran = `ran${seconds === undefined ? '' : `, ${duration(seconds)}`}`
  if (doing === 'building')
    switch (is) {
      case 'running':
        return 'is running'
      case 'built':
        return ran
      case 'restored':
        return 'was restored from the store'
      case 'failed':
        return 'failed'
      default:
        return 'has not begun'
    }
  if (last?.ran.includes(artifact)) return ran
  if (last?.restored.includes(artifact)) return 'was restored from the store'
  return last?.failed.includes(artifact) ? 'failed' : 'did not run'
}

/** Text of others, without what could move the cursor. */
function calm(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

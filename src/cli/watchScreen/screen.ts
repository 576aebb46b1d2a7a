import { monotonicSeconds } from '../../platform/clock.ts'
import { paint } from '../render/format.ts'
import type { WatchView } from './lines.ts'
import { draw, whyPage } from './picture.ts'
import { follow, noted, START } from './state.ts'

/** What the keys do. */
export interface WatchKeys {
  build(): void
  quit(): void
  /** The lines of the graph. */
  graph(): readonly string[]
  /** Starts the machine anew, where there is one. */
  restart?(): void
}

/** Milliseconds between two drawings while something runs. */
const INTERVAL = 200

/** Escape sequences: ECMA-48 (CUP, EL, ED) and private modes (1049 alternate screen, 25 cursor, 7 wrapping, 2026). */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'

/**
 * The screen of `watch` on a terminal: one picture on the alternate screen, drawn anew in place, and single keys. What
 * the terminal was is put back in whatever way the process ends that is not SIGKILL.
 */
export function watchScreen(
  output: NodeJS.WriteStream,
  input: NodeJS.ReadStream,
  keys: WatchKeys,
): WatchView {
  let state = START
  let page: readonly string[] | undefined
  let on = false
  /** Whether a build was asked for that has not begun. */
  let asked = false
  const keyLine = `b build now  w why  g graph  ${keys.restart ? 'r restart the machine  ' : ''}? help  q quit`
  const show = (): void => {
    if (!on) return
    const { columns = 80, rows = 24 } = output
    const lines = draw(state, {
      width: columns,
      height: rows,
      now: monotonicSeconds(),
      keys: page ? 'any key: back' : keyLine,
      ...(page ? { page } : {}),
      paint: (format, text) => paint(output, format, text),
    })
    output.write(
      `\u001b[?2026h\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J\u001b[?2026l`,
    )
  }
  const enter = (): void => {
    on = true
    input.setRawMode(true)
    output.write(ENTER)
    show()
  }
  const leave = (): void => {
    if (!on) return
    on = false
    input.setRawMode(false)
    output.write(LEAVE)
  }
  const suspend = (): void => {
    leave()
    process.once('SIGCONT', enter)
    process.kill(0, 'SIGTSTP')
  }
  const pages: Readonly<Record<string, () => readonly string[] | Promise<readonly string[]>>> = {
    w: () => whyPage(state),
    g: () => keys.graph(),
    '?': () => HELP,
  }
  const open = async (key: string): Promise<void> => {
    page = await pages[key]!()
    show()
  }
  const build = (): void => {
    asked = true
    keys.build()
  }
  const press = (key: string): void => {
    if (key === '\u0003') process.kill(process.pid, 'SIGINT')
    else if (key === '\u001a') suspend()
    else if (page) page = undefined
    else if (key === 'q') keys.quit()
    else if (key === 'b') build()
    else if (key === 'r') keys.restart?.()
    else if (Object.hasOwn(pages, key)) return void open(key)
    show()
  }
  const timer = setInterval(() => {
    if (state.doing === 'building') show()
  }, INTERVAL)
  input.setEncoding('utf8').on('data', press)
  output.on('resize', show)
  process.on('exit', leave)
  enter()
  return {
    listener(event) {
      state = follow(state, event, monotonicSeconds())
      if (asked && event.type === 'idle' && event.fresh) state = noted(state, 'nothing to build')
      if (['building', 'built', 'idle'].includes(event.type)) asked = false
      show()
    },
    close() {
      clearInterval(timer)
      input.off('data', press).pause()
      output.off('resize', show)
      process.off('exit', leave)
      leave()
    },
  }
}

const HELP: readonly string[] = [
  'The targets are built again whenever a source of theirs is saved.',
  '',
  '  b  build now, also what failed and has not changed since',
  '  w  why the last build did what it did',
  '  g  what depends on what',
  '  r  with --run: start the machine anew',
  '  q  quit, also Ctrl-C',
  '',
  'fresh: nothing to do. restorable: the store has it. stale: it must run.',
  'undecided: it depends on one that runs.',
]

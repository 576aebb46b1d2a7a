// The screen of `lbuild watch` on a terminal: one picture on the alternate screen, and single keys.
import { monotonicSeconds } from '../../platform/clock.ts'
import { paint } from '../render/color.ts'
import { AlternateScreen } from './alternateScreen.ts'
import type { WatchView } from './lines.ts'
import type { Page, ScreenSize } from './page.ts'
import { keysIn, scrolled } from './page.ts'
import { draw, whyPage } from './picture.ts'
import { EMPTY_SCREEN, nextState, withNote } from './screenState.ts'

/** The actions of the keys. */
export interface WatchKeys {
  build(): void
  quit(): void
  /** The lines of the graph. */
  graph(): readonly string[]
  /** Restarts the VM of `--run`. */
  restart?(): void
}

/** Milliseconds between two drawings while something runs. */
const INTERVAL = 200

/** Shows the events on a terminal, and reads keys. */
export function watchScreen(
  output: NodeJS.WriteStream,
  input: NodeJS.ReadStream,
  keys: WatchKeys,
): WatchView {
  let state = EMPTY_SCREEN
  let page: Page | undefined
  /** Whether the user requested a build that has not started. */
  let requested = false
  const keyLine = `b build now  w why  g graph  ${keys.restart ? 'r restart the VM  ' : ''}? help  q quit`
  const size = (): ScreenSize => ({ width: output.columns || 80, height: output.rows || 24 })
  const show = (): void => {
    if (!terminal.isOn) return
    const lines = draw(state, {
      ...size(),
      now: monotonicSeconds(),
      keys: keyLine,
      ...(page ? { page } : {}),
      paint: (format, text) => paint(output, format, text),
    })
    // Escape sequences of ECMA-48 (CUP, EL, ED), between those that make the terminal show the picture at once (mode 2026).
    output.write(
      `\u001b[?2026h\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J\u001b[?2026l`,
    )
  }
  const terminal = new AlternateScreen({ output, input, press: (sent) => void pressAll(sent), draw: show })
  const pages = new Map<string, () => readonly string[] | Promise<readonly string[]>>([
    ['w', () => whyPage(state)],
    ['g', () => keys.graph()],
    ['?', () => HELP],
  ])
  const build = (): void => {
    requested = true
    keys.build()
  }
  const press = async (key: string): Promise<void> => {
    if (key === '\u0003') process.kill(process.pid, 'SIGINT')
    else if (key === '\u001a') terminal.suspend()
    else if (page) page = scrolled(page, key, size())
    else if (key === 'q') keys.quit()
    else if (key === 'b') build()
    else if (key === 'r') keys.restart?.()
    else page = await opened(key)
    show()
  }
  const opened = async (key: string): Promise<Page | undefined> => {
    const lines = await pages.get(key)?.()
    return lines && { lines, top: 0 }
  }
  const pressAll = async (sent: string): Promise<void> => {
    for (const key of keysIn(sent)) await press(key)
  }
  const timer = setInterval(() => {
    if (state.doing === 'building') show()
  }, INTERVAL)
  output.on('resize', show)
  terminal.open()
  return {
    listener(event) {
      state = nextState(state, event, monotonicSeconds())
      if (requested && event.type === 'idle' && event.fresh) state = withNote(state, 'nothing to build')
      if (['building', 'built', 'idle'].includes(event.type)) requested = false
      show()
    },
    close() {
      clearInterval(timer)
      output.off('resize', show)
      terminal.close()
    },
  }
}

const HELP: readonly string[] = [
  'watch rebuilds the targets whenever one of their sources changes.',
  '',
  '  b  build now, also what failed and is unchanged',
  '  w  why the last build ran',
  '  g  the dependency graph',
  '     ↑ ↓ PgUp PgDn Home End scroll, any other key returns',
  '  r  restart the VM of --run',
  '  q  quit, also Ctrl-C',
  '',
  'fresh: nothing to do. restorable: in the store. stale: must run.',
  'undecided: waits for a dependency that runs.',
]

// Tests how the pages of watch scroll, on terminals of any size.
import { describe, expect, it } from 'vitest'
import type { Page, ScreenSize } from '../../src/cli/watchScreen/page.ts'
import { keysIn, scrolled, viewOf } from '../../src/cli/watchScreen/page.ts'
import { draw } from '../../src/cli/watchScreen/picture.ts'
import { EMPTY_SCREEN } from '../../src/cli/watchScreen/screenState.ts'

const UP = '\u001b[A'
const DOWN = '\u001b[B'
const PAGE_UP = '\u001b[5~'
const PAGE_DOWN = '\u001b[6~'
const HOME = '\u001b[H'
const END = '\u001b[F'

const LINES = Array.from({ length: 60 }, (_, at) => `line ${at + 1}.`)
const page: Page = { lines: LINES, top: 0 }
const SCREEN: ScreenSize = { width: 80, height: 24 }

const after = (keys: readonly string[], size = SCREEN, from = page): Page =>
  keys.reduce((before, key) => scrolled(before, key, size) ?? before, from)

const drawn = (shown: Page, size: ScreenSize): readonly string[] =>
  draw(EMPTY_SCREEN, { ...size, now: 0, keys: '', page: shown, paint: (_, text) => text })

describe('a page', () => {
  it.each([
    [[], '1–21 of 60'],
    [[DOWN], '2–22 of 60'],
    [[DOWN, DOWN, UP], '2–22 of 60'],
    [[UP], '1–21 of 60'],
    [[PAGE_DOWN], '22–42 of 60'],
    [[PAGE_DOWN, PAGE_DOWN, PAGE_DOWN], '40–60 of 60'],
    [[PAGE_DOWN, PAGE_UP], '1–21 of 60'],
    [[END], '40–60 of 60'],
    [[END, DOWN], '40–60 of 60'],
    [[END, UP], '39–59 of 60'],
    [[END, HOME], '1–21 of 60'],
  ])('of 60 lines on 24 shows after the keys %j the lines %s', (keys, position) => {
    expect(viewOf(after(keys), SCREEN).position).toBe(position)
    expect(drawn(after(keys), SCREEN).at(-1)).toContain(position)
  })

  it.each(['\u001bOA', '\u001b[1~', '\u001b[7~', '\u001bOH'])('takes %j as a key that scrolls up', (key) => {
    expect(viewOf(after([DOWN, key]), SCREEN).position).toBe('1–21 of 60')
  })

  it('is left by a key that does not scroll', () => {
    expect(scrolled(page, 'q', SCREEN)).toBeUndefined()
  })

  it('shows every line on a terminal of any size, and fits into it', () => {
    for (const width of [1, 7, 20, 80, 300])
      for (const height of [1, 2, 3, 5, 6, 24, 100]) {
        const size = { width, height }
        const seen = new Set<string>()
        for (let shown = page, before = -1; shown.top !== before;) {
          const lines = drawn(shown, size)
          expect(lines.length, `${width}×${height}`).toBe(height)
          for (const line of lines) expect(line.length, `${width}×${height}`).toBeLessThanOrEqual(width)
          for (const line of viewOf(shown, size).lines) seen.add(line)
          before = shown.top
          shown = after([PAGE_DOWN], size, shown)
        }
        if (width >= 20) for (const line of LINES) expect(seen, `${width}×${height}`).toContain(line)
      }
  })

  it('folds a line that is longer than the terminal is wide, and loses no word of it', () => {
    const long = `  → image ${'because '.repeat(30)}${'x'.repeat(100)}`
    const { lines } = viewOf({ lines: [long], top: 0 }, { width: 40, height: 24 })
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40)
    expect(lines.join('').replaceAll(' ', '')).toBe(long.replaceAll(' ', ''))
    expect(lines[0]).toMatch(/^ {2}→ image because/)
    expect(lines[1]).toMatch(/^ {4}because/)
  })

  it('stays within its lines when the terminal grows, and scrolls at the next key', () => {
    const end = after([END])
    const large: ScreenSize = { width: 80, height: 50 }
    expect(viewOf(end, large).position).toBe('14–60 of 60')
    expect(viewOf(after([UP], large, end), large).position).toBe('13–59 of 60')
    const huge: ScreenSize = { width: 80, height: 90 }
    expect(viewOf(end, huge)).toEqual({ lines: LINES })
    expect(drawn(end, huge).at(-1)).toBe('any key: back')
  })
})

it('keys that a terminal sends at once are told apart', () => {
  expect(keysIn(`${DOWN}${DOWN}q\u001bOA${PAGE_DOWN}\u001b`)).toEqual([
    DOWN,
    DOWN,
    'q',
    '\u001bOA',
    PAGE_DOWN,
    '\u001b',
  ])
})

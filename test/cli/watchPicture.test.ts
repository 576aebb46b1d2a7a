// Tests the picture on the screen of watch.
import { describe, expect, it } from 'vitest'
import { draw } from '../../src/cli/watchScreen/picture.ts'
import type { ScreenState } from '../../src/cli/watchScreen/screenState.ts'
import { EMPTY_SCREEN, nextState } from '../../src/cli/watchScreen/screenState.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { EVENTS, idle } from './watchEvents.ts'

const state = [idle, ...EVENTS].reduce(
  (before: ScreenState, event) => nextState(before, event, 100),
  EMPTY_SCREEN,
)

const picture = (width: number, height: number): string[] =>
  draw(state, { width, height, now: 103, keys: 'b build  q quit', paint: (_, text) => text })

describe('the picture', () => {
  it.each([
    [80, 24],
    [200, 60],
    [40, 10],
    [20, 5],
    [1, 1],
  ])('fits on %i×%i', (width, height) => {
    const lines = picture(width, height)
    expect(lines).toHaveLength(height)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
  })

  it('shows on 80×24 what runs, the end of each failure, what changed, and the keys', () => {
    const text = picture(80, 24).join('\n')
    expect(text).toContain('building image')
    expect(text).toMatch(/artifact-7 +running +3\.0 s of 1\.5 s/)
    expect(text).toMatch(/artifact-8 +failed/)
    expect(text).toMatch(/… and \d+ more/)
    expect(text).toContain('artifact-8: mkfs failed')
    expect(text).toContain('tool line 39')
    expect(text).toContain('changed  src/hello')
    expect(text).toContain('q quit')
    expect(text).not.toContain('stays in use')
    // Foreign text moves no cursor.
    expect(text).not.toContain('\u001b')
  })

  it('shows the address of the page', () => {
    const serving: WatchEvent = { type: 'serving', url: 'http://127.0.0.1:4321/token/' }
    const lines = draw(nextState(state, serving, 100), {
      width: 80,
      height: 24,
      now: 103,
      keys: '',
      paint: (_, text) => text,
    })
    expect(lines).toContain('page     http://127.0.0.1:4321/token/')
  })

  it('splits no character', () => {
    const wide: WatchEvent = { type: 'changed', paths: ['\u{1f427}'.repeat(50)], more: 0 }
    const lines = draw(nextState(state, wide, 100), {
      width: 30,
      height: 24,
      now: 103,
      keys: '',
      paint: (_, t) => t,
    })
    expect(lines.find((line) => line.startsWith('changed'))).toBe(`changed  ${'\u{1f427}'.repeat(20)}…`)
  })

  it('forgets a failed build when its edit is reverted', () => {
    const failed: WatchEvent = {
      type: 'built',
      outcome: 'failed',
      ran: [],
      restored: [],
      failed: ['artifact-8'],
      seconds: 1,
    }
    const back = [failed, idle].reduce((before: ScreenState, event) => nextState(before, event, 100), state)
    expect(back.last).toBeUndefined()
    expect(nextState(state, failed, 100).last).toBe(failed)
  })

  it('forgets a missing input when the next build starts, but not a failure of the config', () => {
    const failure = { headline: 'not there', facts: [] }
    const events: WatchEvent[] = [
      idle,
      { type: 'failed', scope: 'inputs', failure },
      { type: 'failed', scope: 'config', failure },
      { type: 'building', artifacts: [] },
    ]
    const begun = events.reduce((before: ScreenState, event) => nextState(before, event, 100), EMPTY_SCREEN)
    expect([...begun.failures.keys()]).toEqual(['config'])
  })

  it('forgets failures when everything is fresh again', () => {
    const recovered = draw(nextState(state, idle, 104), {
      width: 80,
      height: 24,
      now: 104,
      keys: '',
      paint: (_, t) => t,
    })
    expect(recovered[0]).toContain('fresh image')
    expect(recovered.join('\n')).not.toContain('mkfs')
  })
})

// Tests watch with edits at random moments, also during builds: when it is idle, every output equals that of a clean
// build.
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Watching } from '../support/watching.ts'
import { SECONDS, SEED, startTime } from './support/bounds.ts'
import type { State } from './support/system.ts'
import { change, edited, FIRST, imagesOf, random, systemIn, TARGETS } from './support/system.ts'

/** The number of edits after which the test waits until watch is idle. */
const EVERY = 20
/** The longest wait between two edits, in milliseconds: about as long as a build. */
const LONGEST = 250

it(`has the outputs of a clean build after edits at random moments (seed ${SEED})`, async () => {
  const next = random(SEED)
  const workspace = systemIn(FIRST)
  const watching = new Watching(workspace, TARGETS, ['--jobs', '2'])
  await watching.next('idle')
  const history: State[] = [FIRST]
  const isTimeLeft = startTime()
  let edit = 0
  for (let atRest = true; !atRest || isTimeLeft() || edit === 0;) {
    edit += 1
    const state = edited(history, next)
    change(workspace, history.at(-1), state)
    history.push(state)
    await setTimeout(next() ** 2 * LONGEST)
    atRest = edit % EVERY === 0
    if (!atRest) continue

    // One more edit, so that the idle state belongs to the last edit.
    const last: State = { ...state, note: `rest ${edit}` }
    const from = watching.events.length
    change(workspace, state, last)
    history.push(last)
    const expected = imagesOf(last)
    await watching.next(
      'idle',
      from,
      ({ fresh }) => fresh && workspace.read('output/alone.txt') === last.note,
    )
    for (const [path, content] of Object.entries(expected))
      expect(workspace.bytes(`output/${path}`).equals(content), `edit ${edit}, seed ${SEED}: ${path}`).toBe(
        true,
      )
  }
  expect((await workspace.lbuild('status', '--check')).code).toBe(0)
  const count = (type: string): number =>
    watching.events.filter((event) => event.type === 'build' && event.event.type === type).length
  const builds = watching.events.filter(({ type }) => type === 'building').length
  const failures = watching.events.flatMap((event) =>
    event.type === 'build' && event.event.type === 'failed' ? [event.event] : [],
  )
  expect(failures).toEqual([])
  expect(watching.events.filter(({ type }) => type === 'failed')).toEqual([])
  console.log(
    `${edit} edits in ${SECONDS} s, ${builds} builds, ${count('built')} runs, ${count('restored')} restored, ${count('cancelled')} cancelled, seed ${SEED}`,
  )
})

import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Watching } from '../support/watching.ts'
import type { State } from './support/system.ts'
import { change, edited, FIRST, imagesOf, random, systemIn, TARGETS } from './support/system.ts'

// While watch runs, files are edited at random moments, in the middle of builds, too. Whenever it comes to rest, every
// output is what a clean build of the last state makes. LBUILD_SEED=N makes the same edits in the same order again.

const EDITS = 300
/** After so many edits watch is let come to rest. */
const EVERY = 20
/** The longest wait between two edits, in milliseconds: about as long as a build. */
const LONGEST = 250
const seed = Number(process.env['LBUILD_SEED'] ?? Date.now() % 2 ** 31)

it(`${EDITS} edits at random moments end in what a clean build makes (seed ${seed})`, async () => {
  const next = random(seed)
  const workspace = systemIn(FIRST)
  const watching = new Watching(workspace, TARGETS, ['--jobs', '2'])
  await watching.next('idle')
  const history: State[] = [FIRST]
  for (let edit = 1; edit <= EDITS; edit += 1) {
    const state = edited(history, next)
    change(workspace, history.at(-1), state)
    history.push(state)
    await setTimeout(next() ** 2 * LONGEST)
    if (edit % EVERY > 0) continue

    // One more edit, of which every look knows whether it came after it.
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
      expect(workspace.bytes(`output/${path}`).equals(content), `edit ${edit}, seed ${seed}: ${path}`).toBe(
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
    `${EDITS} edits, ${builds} builds, ${count('built')} runs, ${count('restored')} restored, ${count('cancelled')} cancelled, seed ${seed}`,
  )
})

// Tests that killing lbuild at any moment leaves no process and no partial output, and that the next build is correct.
import { readdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { monotonicSeconds } from '../../src/platform/clock.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { allEnded } from '../support/processes.ts'
import type { TestWorkspace } from '../support/workspace.ts'
import { SECONDS, SEED, startTime } from './support/bounds.ts'
import type { State } from './support/system.ts'
import { change, edited, FIRST, imagesOf, random, setGate, systemIn, TARGETS } from './support/system.ts'

/** The number of rounds after which the outputs are compared with those of a complete build. */
const EVERY = 5

const BUILD = [...TARGETS, '--jobs', '2']

/** The digest of each published output that exists. */
const published = (workspace: TestWorkspace): Record<string, string> =>
  Object.fromEntries(
    Object.keys(imagesOf(FIRST))
      .filter((path) => workspace.exists(`output/${path}`))
      .map((path) => [path, sha256(workspace.bytes(`output/${path}`))]),
  )

const digestsOf = (state: State): Record<string, string> =>
  Object.fromEntries(Object.entries(imagesOf(state)).map(([path, content]) => [path, sha256(content)]))

const build = async (workspace: TestWorkspace): Promise<number> => {
  const start = monotonicSeconds()
  const { code, stderr } = await workspace.lbuild(...BUILD)
  expect(code, stderr).toBe(0)
  expect(stderr).not.toContain('warning')
  return monotonicSeconds() - start
}

/** The median durations of a build that runs everything and of one that restores everything, in seconds. */
async function measured(): Promise<{ run: number; restore: number }> {
  const workspace = systemIn(FIRST)
  const states = ['one', 'two', 'three', 'four'].map((text): State => {
    const files = { ...FIRST.files, [text]: { text, executable: false } }
    return { word: text, note: text, files }
  })
  const times: number[] = []
  let before = FIRST
  for (const state of [...states, ...states.slice(0, 3)]) {
    change(workspace, before, state)
    times.push(await build(workspace))
    before = state
  }
  const median = (some: readonly number[]): number => some.toSorted((one, other) => one - other)[1]!
  return { run: median(times.slice(1, 4)), restore: median(times.slice(4)) }
}

it(`leaves no wrong output when real builds are killed at random moments (seed ${SEED})`, async () => {
  const next = random(SEED)
  const durations = await measured()
  const workspace = systemIn(FIRST)
  const history: State[] = [FIRST]
  let kills = 0
  let late = 0
  let found = published(workspace)
  const isTimeLeft = startTime()
  for (let round = 1, goOn = true; goOn; round += 1) {
    const state = round === 1 ? FIRST : edited(history, next)
    const duration = history.slice(0, -1).includes(state) ? durations.restore : durations.run
    change(workspace, history.at(-1), state)
    history.push(state)
    // A producer that waits at the gate holds one of the two jobs, so that the others take longer.
    const closed = next() < 0.5
    setGate(workspace, closed)
    const expected = digestsOf(state)
    const about = `round ${round}, seed ${SEED}`

    const { child, ended } = workspace.start(...BUILD)
    const over = new AbortController()
    const moment = setTimeout(next() * duration * (closed ? 1.7 : 1) * 1000, undefined, {
      signal: over.signal,
    })
    void moment.then(
      () => child.kill('SIGKILL'),
      () => {},
    )
    const { code, stderr } = await ended
    over.abort()
    if (code === 'SIGKILL') kills += 1
    else expect(code, `${about}: ${stderr}`).toBe(0)

    const before = found
    found = published(workspace)
    for (const path of Object.keys(expected)) {
      const allowed = code === 0 ? [expected[path]] : [before[path], expected[path]]
      expect(allowed, `${about}: ${path}`).toContain(found[path])
    }
    if (code === 'SIGKILL' && JSON.stringify(found) !== JSON.stringify(before)) late += 1
    await allEnded(workspace.root)

    setGate(workspace, false)
    goOn = isTimeLeft() || kills === 0
    if (round % EVERY > 0 && goOn) continue
    await build(workspace)
    expect(published(workspace), about).toEqual(expected)
    found = expected
    expect((await workspace.lbuild('status', '--check')).code, about).toBe(0)
    expect(readdirSync(workspace.path('cache/work')), about).toEqual([])
    // No output is preserved as if a user had changed it, and no temporary file is left beside an output.
    expect(readdirSync(workspace.path('output')).sort(), about).toEqual(['alone.txt', 'docs', 'image.raw'])
    expect(readdirSync(workspace.path('output/docs')), about).toEqual(['roster.txt'])
  }
  const lengths = `${durations.run.toFixed(2)} s, or ${durations.restore.toFixed(2)} s to restore`
  console.log(
    `${kills} kills, ${late} of them after something was published, in ${history.length - 1} builds of ${lengths} in ${SECONDS} s, seed ${SEED}`,
  )
})

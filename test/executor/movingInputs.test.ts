// Tests builds of an input that changes each time a run starts.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { Invalidation } from '../../src/executor/invalidation.ts'
import { Lab } from '../fuzz/support/lab.ts'
import { artifactNode, graphOf } from '../support/world.ts'

const image = artifactNode('image', [], { inputs: { note: { kind: 'file', path: 'note', optional: false } } })

/** A workspace whose input changes `times` times, each time while it is copied for a run. */
function withChangingInput(times: number) {
  const lab = new Lab()
  onTestFinished(() => lab.end())
  const note = lab.path('note')
  writeFileSync(note, 'at first')
  let written = 0
  const disk: Disk = {
    ...realDisk,
    open(path, ...rest) {
      if (path.endsWith('/inputs/note/note') && written < times)
        writeFileSync(note, `written ${(written += 1)}`)
      return realDisk.open(path, ...rest)
    },
  }
  return {
    lab,
    disk,
    graph: graphOf(image),
    targets: ['image'],
    produce: ({ inputs, outputs }: { inputs: Record<string, string>; outputs: Record<string, string> }) =>
      copyFileSync(inputs['note']!, outputs['image']!),
  }
}

it('a build uses the final content, or fails if the input keeps changing', async () => {
  const { lab, ...twice } = withChangingInput(2)
  expect((await lab.build(twice)).exitCode).toBe(0)
  expect(readFileSync(lab.path('output/image.img'), 'utf8')).toBe('written 2')
  const { lab: other, ...always } = withChangingInput(Number.POSITIVE_INFINITY)
  const { exitCode, artifacts } = await other.build(always)
  expect(exitCode).toBe(1)
  expect(artifacts[0]!.failure?.headline).toBe("the inputs or the output of 'image' keep changing")
})

it('a build under watch retries until the input stops changing', async () => {
  const { lab, ...often } = withChangingInput(12)
  const invalidation = new Invalidation()
  const events: string[] = []
  const { exitCode } = await lab.build({
    ...often,
    invalidation,
    listener({ type }) {
      events.push(type)
      // Watch does the same after its debounce time.
      if (type === 'retrying') setTimeout(() => invalidation.raise(), 20)
    },
  })
  expect(exitCode).toBe(0)
  expect(events.filter((type) => type === 'retrying')).toHaveLength(12)
  expect(events).not.toContain('failed')
  expect(readFileSync(lab.path('output/image.img'), 'utf8')).toBe('written 12')
})

/** An invalidation that reaches its first waiters late: each by its number of microtasks in `delays`. */
class SlowInvalidation extends Invalidation {
  #waiters = 0
  readonly #delays: readonly number[]

  constructor(delays: readonly number[]) {
    super()
    this.#delays = delays
  }

  override async next(): Promise<void> {
    const delay = this.#delays[this.#waiters++] ?? 0
    await super.next()
    for (let tick = 0; tick < delay; tick += 1) await undefined
  }
}

it('a build under watch reruns an artifact whose input changed, in whatever order the scheduler and the run learn of it', async () => {
  for (let offset = -25; offset <= 25; offset += 1) {
    const { lab, ...once } = withChangingInput(1)
    // The loop of the scheduler waits first, then the run that found the changed input.
    const invalidation = new SlowInvalidation([Math.max(0, -offset), Math.max(0, offset)])
    const { exitCode } = await lab.build({
      ...once,
      invalidation,
      listener({ type }) {
        if (type === 'retrying') setImmediate(() => invalidation.raise())
      },
    })
    expect(exitCode).toBe(0)
    expect(readFileSync(lab.path('output/image.img'), 'utf8'), `offset ${offset}`).toBe('written 1')
  }
})

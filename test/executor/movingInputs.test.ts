import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { Invalidation } from '../../src/executor/invalidation.ts'
import { Lab } from '../fuzz/support/lab.ts'
import { artifactNode, graphOf } from '../support/world.ts'

// An input that is written again whenever its run has begun is never taken for what it was. A plain build gives up after
// a while; under watch the build waits until it is told that the writing is over.

const image = artifactNode('image', [], { inputs: { note: { kind: 'file', path: 'note', optional: false } } })

/** A workspace whose input is written `times` times, each time just as it is copied for a run. */
function scene(times: number) {
  const lab = new Lab()
  onTestFinished(() => lab.end())
  const note = lab.path('note')
  writeFileSync(note, 'at first')
  let written = 0
  const disk: Disk = {
    ...realDisk,
    open(path, ...rest) {
      if (path.endsWith('/inputs/note') && written < times) writeFileSync(note, `written ${(written += 1)}`)
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

it('a plain build takes it as it is in the end, or gives up', async () => {
  const { lab, ...twice } = scene(2)
  expect((await lab.build(twice)).exitCode).toBe(0)
  expect(readFileSync(lab.path('output/image.img'), 'utf8')).toBe('written 2')
  const { lab: other, ...always } = scene(Number.POSITIVE_INFINITY)
  const { exitCode, artifacts } = await other.build(always)
  expect(exitCode).toBe(1)
  expect(artifacts[0]!.failure?.headline).toBe("the inputs or the output of 'image' keep changing")
})

it('under watch nothing fails because of it', async () => {
  const { lab, ...often } = scene(12)
  const invalidation = new Invalidation()
  const told: string[] = []
  const { exitCode } = await lab.build({
    ...often,
    invalidation,
    listener({ type }) {
      told.push(type)
      // as watch does, after a moment of quiet
      if (type === 'retrying') setTimeout(() => invalidation.give(), 20)
    },
  })
  expect(exitCode).toBe(0)
  expect(told.filter((type) => type === 'retrying')).toHaveLength(12)
  expect(told).not.toContain('failed')
  expect(readFileSync(lab.path('output/image.img'), 'utf8')).toBe('written 12')
})

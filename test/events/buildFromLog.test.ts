// Tests that a past build is reconstructed from its log.
import { describe, expect, it } from 'vitest'
import type { BuildEvent } from '../../src/events/events.ts'
import type { LoggedBuild } from '../../src/events/loggedBuild.ts'
import { buildFromLog } from '../../src/events/buildFromLog.ts'
import { logFormat } from '../../src/events/logFormat.ts'
import { EVENTS, linesOf, logOf } from '../support/logged.ts'

const { parseLog } = await logFormat()

const ID = '20260131-101502-123-4f2a9c'

describe('a build from its log', () => {
  const replayed = (...events: readonly BuildEvent[]): LoggedBuild =>
    buildFromLog(ID, parseLog(logOf(linesOf(...events))))
  const artifactOf = (build: LoggedBuild, name: string): LoggedBuild['artifacts'][number] =>
    build.artifacts.find((one) => one.name === name)!

  it('has everything that its events report', () => {
    const build = replayed(...Object.values(EVENTS))
    const { lbuild, targets, params, jobs, force, keepGoing, artifacts } = EVENTS.started
    expect(build).toMatchObject({
      id: ID,
      lbuild,
      targets,
      params,
      jobs,
      force,
      keepGoing,
      incomplete: false,
    })
    expect(build.startedAt).toBe(1_769_850_901_123)
    expect(build).toMatchObject({
      end: 'failed',
      seconds: 4,
      savedSeconds: 3.5,
      failure: EVENTS.ended.failure,
      explanation: EVENTS.explained.explanation,
      warnings: [{ message: EVENTS.warning.message, hint: EVENTS.warning.hint }],
      preserved: [{ path: EVENTS.preserved.path, as: EVENTS.preserved.as }],
    })
    expect(build.artifacts.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['packed', 'built'],
      ['names', 'restored'],
      ['image', 'failed'],
      ['roster', 'fresh'],
      ['iso', 'skipped'],
    ])
    expect(build.artifacts.slice(0, 3)).toMatchObject(artifacts)
    const { key, seconds, changed, outputs } = EVENTS.built
    expect(artifactOf(build, 'packed')).toMatchObject({
      key,
      seconds,
      changed,
      outputs,
      usualSeconds: 2.5,
      reasons: EVENTS.running.reasons,
    })
    expect(artifactOf(build, 'roster')).toMatchObject({ cutOff: true, savedSeconds: 3 })
    expect(artifactOf(build, 'image')).toMatchObject({ failure: EVENTS.failed.failure })
    expect(artifactOf(build, 'iso')).toMatchObject({ failedArtifact: 'image' })
  })

  it('has the times of runs, of their phases, and of resolving and fetching', () => {
    const { resolving, resolved, fetching, fetched, running, phase, built } = EVENTS
    const store: BuildEvent = { ...phase, phase: 'store' }
    const build = replayed(resolving, resolved, fetching, fetched, running, phase, store, built)
    expect(build.lockfiles).toEqual([
      {
        name: 'packages',
        spans: [
          { name: 'resolve', from: 1000, to: 1500 },
          { name: 'fetch', from: 2000, to: 2500 },
        ],
      },
    ])
    expect(artifactOf(build, 'packed').attempts).toEqual([
      {
        name: 'run',
        from: 3000,
        to: 4500,
        phases: [
          { name: 'inputs', from: 3000, to: 3500 },
          { name: 'produce', from: 3500, to: 4000 },
          { name: 'store', from: 4000, to: 4500 },
        ],
      },
    ])
  })

  it('has two attempts if a run was retried, and the outcome of the last', () => {
    const { running, retrying, built } = EVENTS
    const { outcome, attempts } = artifactOf(replayed(running, retrying, running, built), 'packed')
    expect(outcome).toBe('built')
    expect(attempts.map(({ from, to }) => [from, to])).toEqual([
      [1000, 1500],
      [2000, 2500],
    ])
  })

  it('is unfinished without an end: running artifacts are unfinished, the others unreached', () => {
    const build = replayed(EVENTS.started, EVENTS.running)
    expect(build).toMatchObject({ end: 'unfinished', seconds: 1.5, incomplete: false })
    expect(build.artifacts.map(({ outcome }) => outcome)).toEqual(['unfinished', 'unreached', 'unreached'])
  })

  it('has the duration of a run whose start is lost', () => {
    const { seconds, attempts } = artifactOf(replayed(EVENTS.started, EVENTS.phase, EVENTS.built), 'packed')
    expect(seconds).toBe(1.5)
    expect(attempts).toEqual([{ name: 'run', from: 500, to: 2000, phases: [] }])
  })
})

// Replays a history on a real workspace and compares every output with the expected one.
import * as fs from 'node:fs'
import { expect } from 'vitest'
import type { BuildReport } from '../../../src/executor/report.ts'
import { realDisk } from '../../../src/platform/disk.ts'
import { Failure } from '../../../src/platform/failure.ts'
import type { Limits } from '../../../src/store/retention.ts'
import { MEMORY_PARENT } from '../../support/temporary.ts'
import { Crash, DiskError, FaultyDisk } from '../../support/faultyDisk.ts'
import { CoarseDisk } from './coarseDisk.ts'
import { inflict } from './damage.ts'
import type { Snapshot } from './edits.ts'
import { apply, putBack, takeSnapshot } from './edits.ts'
import type { History, Step } from './history.ts'
import { Lab } from './lab.ts'
import { misbehave } from './misdeeds.ts'
import type { ArtifactModel } from './model.ts'
import { Model } from './model.ts'

/** Replays a history. Throws if an output differs from that of a clean build. */
export async function replay({ artifacts, grain, workspaces, steps }: History): Promise<void> {
  const store =
    workspaces === 1 ? undefined : fs.realpathSync(fs.mkdtempSync(`${MEMORY_PARENT}/lbuild-store-`))
  const labs = Array.from({ length: workspaces }, () => new Lab(store))
  try {
    const stories = labs.map((lab) => new Story(lab, artifacts, grain))
    for (const one of steps) await stories[one.workspace % workspaces]?.step(one)
    for (const story of stories) await story.end()
  } finally {
    for (const lab of labs) lab.end()
    if (store !== undefined) fs.rmSync(store, { recursive: true, force: true })
  }
}

class Story {
  readonly #lab: Lab
  readonly #model: Model
  readonly #snapshots: Snapshot[]
  /** The contents of outputs that were changed by hand. */
  #changed: string[] = []
  /** Set if the file times are coarse. */
  readonly #coarse: CoarseDisk | undefined

  constructor(lab: Lab, artifacts: readonly ArtifactModel[], grain: number) {
    this.#lab = lab
    if (grain > 0) this.#coarse = new CoarseDisk(lab.path('clock'), grain)
    this.#model = new Model(
      lab.root,
      artifacts.map((one, index) => ({
        ...one,
        files: [...one.files],
        trees: [...one.trees],
        dependencies: index === 0 ? [] : [...new Set(one.dependencies.map((at) => at % index))],
      })),
    )
    this.#snapshots = [takeSnapshot(lab.root)]
  }

  async step(one: Step): Promise<void> {
    const { root } = this.#lab
    for (const each of one.edits) apply(each, root, this.#model)
    if (one.revert < 3)
      putBack(root, this.#snapshots[one.revert % this.#snapshots.length]!, one.revert % 2 === 0)
    else this.#snapshots.push(takeSnapshot(root))
    for (const each of one.damages) {
      const changed = inflict(each, root)
      if (changed !== undefined) this.#changed.push(changed)
      else if (/output.* (gone|cut)|cache gone|objects gone/.test(each.kind)) this.#changed = []
    }
    this.#coarse?.advance(one.pause)
    if (one.collect) this.#collect(one.collect, one.collect.killedAt)
    const targets = one.targets.map((at) => at % this.#model.artifacts.length)
    const wanted = targets.length > 0 ? [...new Set(targets)] : this.#model.artifacts.map((_, at) => at)
    const before = this.#published()
    const { report, error } = await this.#build(one, wanted)
    const expected = this.#model.expected(this.#model.closure(wanted))
    if (one.trouble.kind === 'none') {
      if (error !== undefined) throw error
      this.#checkExact(report!, expected)
      if (one.pace % 3 === 0) await this.#checkIdle(one, wanted)
    } else if (one.trouble.kind !== 'edit') this.#checkOldOrNew(before, expected)
  }

  /** Builds everything once more: all outputs are right, and the next build has nothing to do. */
  async end(): Promise<void> {
    const calm: Step = {
      workspace: 0,
      edits: [],
      revert: 9,
      damages: [],
      collect: undefined,
      targets: [],
      jobs: 4,
      force: false,
      keepGoing: false,
      ahead: 0,
      pause: 0,
      pace: 0,
      trouble: { kind: 'none' },
    }
    await this.step(calm)
  }

  async #build(one: Step, wanted: readonly number[]): Promise<{ report?: BuildReport; error?: unknown }> {
    const { trouble: now } = one
    const model = this.#model
    const { root } = this.#lab
    const interrupt = new AbortController()
    let runs = 0
    let misdeeds = 0
    let turns = one.pace
    const fault =
      now.kind === 'crash' || now.kind === 'disk full' || now.kind === 'disk error' ? now : undefined
    const faulty =
      fault &&
      new FaultyDisk(
        fault.at + 1,
        ({ crash: 'crash', 'disk full': 'ENOSPC', 'disk error': 'EIO' } as const)[fault.kind],
        undefined,
        this.#coarse?.disk,
      )
    // A build uses the declarations as they were when it started.
    const graph = model.graph()
    process.env['LAB_ENV'] = model.environment
    try {
      const report = await this.#lab.build({
        graph,
        targets: wanted.map((at) => model.nameOf(at)),
        jobs: one.jobs,
        force: one.force,
        keepGoing: one.keepGoing,
        now: () => this.#now(one.ahead),
        signal: interrupt.signal,
        disk: faulty?.disk ?? this.#coarse?.disk ?? realDisk,
        produce: async (request, env) => {
          const run = (runs += 1)
          // The history decides in which order runs overlap.
          for (turns = (turns * 7 + 3) % 11; turns > 5; turns -= 1) await new Promise(setImmediate)
          const mine = now.kind !== 'none' && 'at' in now && !fault && now.at + 1 === run
          if (mine && now.kind === 'producer fails') throw new Error('this producer fails')
          if (mine && now.kind === 'interrupt') interrupt.abort()
          if (mine && now.kind === 'misdeed') {
            model.produce(request, env)
            misdeeds += 1
            return misbehave(now.misdeed, request) ? 'reported' : undefined
          }
          const snapshot = mine && now.kind === 'edit' && now.undo ? takeSnapshot(root) : undefined
          if (mine && now.kind === 'edit')
            for (const each of now.edits) if (!DECLARES.includes(each.kind)) apply(each, root, model)
          model.produce(request, env)
          await new Promise(setImmediate)
          if (snapshot) putBack(root, snapshot, one.pace % 2 === 0)
          return undefined
        },
      })
      if (misdeeds > 0) expect(report.exitCode).toBe(1)
      return { report }
    } catch (error) {
      const expectedKind =
        error instanceof Crash ||
        error instanceof Failure ||
        error instanceof DiskError ||
        (error as Error).message === 'interrupted'
      if (!expectedKind) throw error
      return { error }
    } finally {
      faulty?.end()
      delete process.env['LAB_ENV']
    }
  }

  /** Collects the store. That fails if damage hides what the other workspace needs. */
  #collect(limits: Limits, killedAt: number): void {
    const faulty = new FaultyDisk(killedAt + 1, 'crash', undefined, this.#coarse?.disk)
    try {
      this.#lab.collect(this.#model.graph(), limits, faulty.disk)
    } catch (error) {
      if (error instanceof Crash) return
      if (!(error instanceof Failure)) throw error
      expect(error.headline).toBe('cannot read what another workspace needs of the store')
    } finally {
      faulty.end()
    }
  }

  /** The clock of lbuild. It is never ahead of a disk with coarse times: lbuild could not tell when these are past. */
  #now(ahead: number): bigint {
    const offset = (seconds: number): bigint => BigInt(seconds) * 1_000_000_000n
    if (this.#coarse) return this.#coarse.now() + offset(Math.min(ahead, 0))
    return BigInt(Date.now()) * 1_000_000n + offset(ahead)
  }

  #published(): Map<string, string> {
    const directory = this.#lab.path('output')
    if (!fs.existsSync(directory)) return new Map()
    const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' })
    return new Map(
      names
        .filter((name) => fs.lstatSync(`${directory}/${name}`).isFile())
        .map((name) => [name, fs.readFileSync(`${directory}/${name}`, 'utf8')]),
    )
  }

  #checkExact(report: BuildReport, expected: ReadonlyMap<string, string>): void {
    expect(report.artifacts.flatMap(({ failure }) => failure ?? [])).toEqual([])
    expect(report.exitCode).toBe(0)
    const found = this.#published()
    expect(Object.fromEntries([...expected.keys()].map((path) => [path, found.get(path)]))).toEqual(
      Object.fromEntries(expected),
    )
    // Work directories of failed runs stay for inspection.
    const work = `${this.#lab.cache}/work`
    const left = fs.existsSync(work) ? fs.readdirSync(work) : []
    expect(left.filter((name) => !fs.existsSync(`${work}/${name}/failed`))).toEqual([])
  }

  /** After a build, the next one finds every artifact fresh. */
  async #checkIdle(one: Step, wanted: readonly number[]): Promise<void> {
    const again = await this.#build({ ...one, trouble: { kind: 'none' }, force: false }, wanted)
    if (again.error !== undefined) throw again.error
    expect(new Set(again.report!.artifacts.map(({ outcome }) => outcome))).toEqual(new Set(['fresh']))
  }

  /** However a build ended, each output is either the old version or the new one. */
  #checkOldOrNew(before: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): void {
    for (const [path, content] of this.#published()) {
      if (path.includes('.preserved-') || path.includes('.tmp-')) continue
      expect([before.get(path), expected.get(path)], path).toContain(content)
    }
    for (const path of before.keys())
      if (!path.includes('.tmp-')) expect([...this.#published().keys()]).toContain(path)
  }
}

/** Edits of declarations: a running build does not see them. */
const DECLARES: readonly string[] = [
  'environment',
  'param',
  'code',
  'kind',
  'dependencies',
  'inputs',
  'publishing',
  'another tool',
]

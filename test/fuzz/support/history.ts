import * as fs from 'node:fs'
import fc from 'fast-check'
import { expect } from 'vitest'
import { Failure } from '../../../src/platform/failure.ts'
import type { BuildReport } from '../../../src/executor/report.ts'
import { Crash, DiskError, FaultyDisk } from '../../support/faultyDisk.ts'
import type { Damage } from './damage.ts'
import { DAMAGE_NAMES, inflict } from './damage.ts'
import type { Edit } from './edits.ts'
import { apply, EDIT_NAMES, putBack, takeSnapshot } from './edits.ts'
import type { Snapshot } from './edits.ts'
import { Lab } from './lab.ts'
import type { ArtifactModel } from './model.ts'
import { KINDS, Model, SOURCES } from './model.ts'

/** What goes wrong while a build goes on. */
type Trouble =
  | { readonly kind: 'none' }
  | { readonly kind: 'crash' | 'disk full' | 'disk error'; readonly at: number }
  | { readonly kind: 'producer fails' | 'interrupt'; readonly at: number }
  | { readonly kind: 'edit'; readonly at: number; readonly edits: readonly Edit[]; readonly undo: boolean }

interface Step {
  readonly edits: readonly Edit[]
  readonly revert: number
  readonly damages: readonly Damage[]
  readonly targets: readonly number[]
  readonly jobs: number
  readonly force: boolean
  readonly keepGoing: boolean
  /**
   * How far lbuild's clock is before that of the files, in seconds: with one no state is too young to be remembered, with
   * a negative one the clock was set back.
   */
  readonly ahead: number
  readonly pace: number
  readonly trouble: Trouble
}

/** A made-up distro and what befalls it, as data: what fails can be run again and made smaller. */
export interface History {
  readonly artifacts: readonly ArtifactModel[]
  readonly steps: readonly Step[]
}

const number = fc.nat({ max: 999 })

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom(...EDIT_NAMES()),
  a: number,
  b: number,
  c: number,
})

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom(...DAMAGE_NAMES()),
  a: number,
  b: number,
})

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Trouble>({ kind: 'none' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('crash', 'disk full', 'disk error'),
      at: fc.nat({ max: 400 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('producer fails', 'interrupt'), at: fc.nat({ max: 10 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      at: fc.nat({ max: 6 }),
      edits: fc.array(edit, { minLength: 1, maxLength: 2 }),
      undo: fc.boolean(),
    }),
  },
)

const step: fc.Arbitrary<Step> = fc.record({
  edits: fc.array(edit, { maxLength: 4 }),
  revert: fc.nat({ max: 9 }),
  damages: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Damage[]>([]) },
    { weight: 1, arbitrary: fc.array(damage, { maxLength: 3 }) },
  ),
  targets: fc.array(number, { maxLength: 3 }),
  jobs: fc.integer({ min: 1, max: 8 }),
  force: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  keepGoing: fc.boolean(),
  ahead: fc.constantFrom(1, 0, -3_600),
  pace: number,
  trouble,
})

/** An artifact that may depend on those before it; which ones is cut to those that there are. */
const artifact: fc.Arbitrary<ArtifactModel> = fc.record({
  dependencies: fc.array(number, { maxLength: 3 }),
  files: fc.uniqueArray(fc.nat({ max: SOURCES - 1 }), { maxLength: 2 }),
  trees: fc.uniqueArray(fc.nat({ max: SOURCES - 1 }), { maxLength: 2 }),
  optional: fc.boolean(),
  tool: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  env: fc.boolean(),
  param: fc.nat({ max: 2 }),
  code: fc.nat({ max: 2 }),
  kind: fc.constantFrom(...KINDS),
  outputs: fc.constantFrom(1, 2),
  internal: fc.boolean(),
})

/** Histories of distros of 1 to 60 artifacts, most of them small, wide or deep. */
export const history: fc.Arbitrary<History> = fc.record({
  artifacts: fc.oneof(
    { weight: 30, arbitrary: fc.array(artifact, { minLength: 1, maxLength: 8, size: 'max' }) },
    { weight: 1, arbitrary: fc.array(artifact, { minLength: 20, maxLength: 60, size: 'max' }) },
  ),
  steps: fc.array(step, { minLength: 1, maxLength: 5, size: 'max' }),
})

/** Lets a history happen; throws where an output is not what a clean build would give. */
export async function happen({ artifacts, steps }: History): Promise<void> {
  const lab = new Lab()
  try {
    const story = new Story(lab, artifacts)
    for (const one of steps) await story.step(one)
    await story.end()
  } finally {
    lab.end()
  }
}

class Story {
  readonly #lab: Lab
  readonly #model: Model
  readonly #snapshots: Snapshot[]
  /** Bytes of outputs that somebody changed. */
  #changed: string[] = []

  constructor(lab: Lab, artifacts: readonly ArtifactModel[]) {
    this.#lab = lab
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

  /** After all that happened one build of everything is right, and the next has nothing to do. */
  async end(): Promise<void> {
    const calm: Step = {
      edits: [],
      revert: 9,
      damages: [],
      targets: [],
      jobs: 4,
      force: false,
      keepGoing: false,
      ahead: 0,
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
    let turns = one.pace
    const fault =
      now.kind === 'crash' || now.kind === 'disk full' || now.kind === 'disk error' ? now : undefined
    const faulty =
      fault &&
      new FaultyDisk(
        fault.at + 1,
        ({ crash: 'crash', 'disk full': 'ENOSPC', 'disk error': 'EIO' } as const)[fault.kind],
      )
    // Declarations are of the time at which the build began.
    const graph = model.graph()
    process.env['LAB_ENV'] = model.environment
    try {
      const report = await this.#lab.build({
        graph,
        targets: wanted.map((at) => model.nameOf(at)),
        jobs: one.jobs,
        force: one.force,
        keepGoing: one.keepGoing,
        clock: BigInt(one.ahead) * 1_000_000_000n,
        signal: interrupt.signal,
        ...(faulty ? { disk: faulty.disk } : {}),
        produce: async (request, env) => {
          const run = (runs += 1)
          // Runs overlap in an order that the history settles.
          for (turns = (turns * 7 + 3) % 11; turns > 5; turns -= 1) await new Promise(setImmediate)
          const mine = now.kind !== 'none' && 'at' in now && !fault && now.at + 1 === run
          if (mine && now.kind === 'producer fails') throw new Error('this producer fails')
          if (mine && now.kind === 'interrupt') interrupt.abort()
          const snapshot = mine && now.kind === 'edit' && now.undo ? takeSnapshot(root) : undefined
          if (mine && now.kind === 'edit')
            for (const each of now.edits) if (!DECLARES.includes(each.kind)) apply(each, root, model)
          model.produce(request, env)
          await new Promise(setImmediate)
          if (snapshot) putBack(root, snapshot, one.pace % 2 === 0)
        },
      })
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
    // What is kept of a failure is for somebody to look at.
    const work = this.#lab.path('cache/work')
    const left = fs.existsSync(work) ? fs.readdirSync(work) : []
    expect(left.filter((name) => !fs.existsSync(`${work}/${name}/failed`))).toEqual([])
  }

  /** Nothing is to be done after a build, and nothing is written. */
  async #checkIdle(one: Step, wanted: readonly number[]): Promise<void> {
    const again = await this.#build({ ...one, trouble: { kind: 'none' }, force: false }, wanted)
    if (again.error !== undefined) throw again.error
    expect(new Set(again.report!.artifacts.map(({ outcome }) => outcome))).toEqual(new Set(['fresh']))
  }

  /** Whatever stopped a build, each output is whole: the one from before, or the one that it was to become. */
  #checkOldOrNew(before: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): void {
    for (const [path, content] of this.#published()) {
      if (path.includes('.kept-') || path.includes('.tmp-')) continue
      expect([before.get(path), expected.get(path)], path).toContain(content)
    }
    for (const path of before.keys())
      if (!path.includes('.tmp-')) expect([...this.#published().keys()]).toContain(path)
  }
}

/** Edits of declarations: a build that has begun does not see them. */
const DECLARES: readonly string[] = [
  'environment',
  'param',
  'code',
  'kind',
  'dependencies',
  'inputs',
  'publishing',
]

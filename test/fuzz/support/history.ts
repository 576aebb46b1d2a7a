// Random histories of a generated distro, as data.
import fc from 'fast-check'
import type { Limits } from '../../../src/store/retention.ts'
import type { Damage } from './damage.ts'
import { DAMAGE_NAMES } from './damage.ts'
import type { Edit } from './edits.ts'
import { EDIT_NAMES } from './edits.ts'
import { MISDEED_NAMES } from './misdeeds.ts'
import type { ArtifactModel } from './model.ts'
import { KINDS, SOURCES } from './model.ts'
import { TOOLS } from './tools.ts'

/** What goes wrong during a build. */
type Trouble =
  | { readonly kind: 'none' }
  | { readonly kind: 'crash' | 'disk full' | 'disk error'; readonly at: number }
  | { readonly kind: 'producer fails' | 'interrupt'; readonly at: number }
  | { readonly kind: 'misdeed'; readonly at: number; readonly misdeed: string }
  | { readonly kind: 'edit'; readonly at: number; readonly edits: readonly Edit[]; readonly undo: boolean }

export interface Step {
  /** The workspace that the step edits and builds, modulo their number. */
  readonly workspace: number
  readonly edits: readonly Edit[]
  readonly revert: number
  readonly damages: readonly Damage[]
  /** A garbage collection before the build: its limits, and the access to the disk at which it is killed, if so many follow. */
  readonly collect: (Limits & { readonly killedAt: number }) | undefined
  readonly targets: readonly number[]
  readonly jobs: number
  readonly force: boolean
  readonly keepGoing: boolean
  /**
   * How far lbuild's clock is ahead of the file times, in seconds. If it is positive, the index remembers every state;
   * if it is negative, the clock was set back.
   */
  readonly ahead: number
  /** How long nothing happens after the edits, in milliseconds of the clock of a disk with coarse times. */
  readonly pause: number
  readonly pace: number
  readonly trouble: Trouble
}

/** A generated distro and what happens to it: fast-check can replay and shrink it. */
export interface History {
  readonly artifacts: readonly ArtifactModel[]
  /** The steps of the file times, in seconds; 0 for the times of the real disk. */
  readonly grain: number
  /** The number of workspaces; two share a store. */
  readonly workspaces: 1 | 2
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
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('misdeed' as const),
      at: fc.nat({ max: 10 }),
      misdeed: fc.constantFrom(...MISDEED_NAMES),
    }),
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
  workspace: fc.nat({ max: 1 }),
  edits: fc.array(edit, { maxLength: 4 }),
  revert: fc.nat({ max: 9 }),
  damages: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Damage[]>([]) },
    { weight: 1, arbitrary: fc.array(damage, { maxLength: 3 }) },
  ),
  collect: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({
        keep: fc.integer({ min: 1, max: 3 }),
        maxSize: fc.constantFrom(0, 2_000, 2 ** 40),
        killedAt: fc.oneof(fc.constant(1_000_000), fc.nat({ max: 200 })),
      }),
    },
  ),
  targets: fc.array(number, { maxLength: 3 }),
  jobs: fc.integer({ min: 1, max: 8 }),
  force: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  keepGoing: fc.boolean(),
  ahead: fc.constantFrom(1, 0, -3_600),
  pause: fc.constantFrom(0, 0, 10, 400, 900, 1_000, 1_900, 5_000),
  pace: number,
  trouble,
})

/** An artifact that may depend on those before it; which ones is cut to those that there are. */
const artifact: fc.Arbitrary<ArtifactModel> = fc.record({
  dependencies: fc.array(number, { maxLength: 3 }),
  files: fc.uniqueArray(fc.nat({ max: SOURCES - 1 }), { maxLength: 2 }),
  trees: fc.uniqueArray(fc.nat({ max: SOURCES - 1 }), { maxLength: 2 }),
  optional: fc.boolean(),
  tool: fc.nat({ max: 2 * TOOLS.length }),
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
  grain: fc.constantFrom(0, 0, 0, 1, 2),
  workspaces: fc.constantFrom(1, 1, 2),
  steps: fc.array(step, { minLength: 1, maxLength: 5, size: 'max' }),
})

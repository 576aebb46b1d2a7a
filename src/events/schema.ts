import * as v from 'valibot'
import type { Json } from '../api/params.ts'
import type { Evidence, ExplainedCause } from '../planner/evidence.ts'
import type { LoggedEvent, BuildNode, BuiltOutput, FailureData } from './events.ts'
import { isPart } from '../planner/part.ts'
import type { Consequence, Part, Reason } from '../planner/types.ts'

/** A check of a value that was read; what it does not know of an object stays as it is. */
type Shape<T> = v.GenericSchema<unknown, T>

const text = v.string()
const texts = v.array(text)
const amount = v.pipe(v.number(), v.finite(), v.minValue(0))
const locations = v.array(v.pipe(amount, v.integer()))
const json = v.custom<Json>((value) => value !== undefined)

const failure: Shape<FailureData> = v.looseObject({
  headline: text,
  facts: v.array(v.tuple([text, text])),
  hint: v.exactOptional(text),
  tail: v.exactOptional(text),
})

const part = v.custom<Part>(isPart)

/** One of several shapes, each under the word that one member of the value says. */
function oneOf<T, K extends string>(member: string, shapes: { readonly [key in K]: Shape<T> }): Shape<T> {
  return v.lazy((value) => {
    const word = (value as Record<string, unknown> | null)?.[member]
    return typeof word === 'string' && Object.hasOwn(shapes, word) ? shapes[word as K] : v.never()
  })
}

type ReasonShapes = { readonly [K in Reason['kind']]: Shape<Extract<Reason, { readonly kind: K }>> }

const kind = <K extends string>(word: K) => ({ kind: v.literal(word) })

const REASONS: ReasonShapes = {
  'first-build': v.looseObject(kind('first-build')),
  forced: v.looseObject(kind('forced')),
  changed: v.looseObject({ ...kind('changed'), before: part, now: part }),
  added: v.looseObject({ ...kind('added'), now: part }),
  removed: v.looseObject({ ...kind('removed'), before: part }),
  module: v.looseObject({
    ...kind('module'),
    module: text,
    change: v.picklist(['changed', 'added', 'removed']),
  }),
  lockfile: v.looseObject({
    ...kind('lockfile'),
    lockfile: text,
    state: v.picklist(['missing', 'outdated']),
    path: text,
    changes: v.array(v.lazy(() => reason)),
  }),
  'record-damaged': v.looseObject(kind('record-damaged')),
  'record-lost': v.looseObject(kind('record-lost')),
  'object-missing': v.looseObject({ ...kind('object-missing'), output: text }),
  'output-missing': v.looseObject({ ...kind('output-missing'), path: text }),
  'output-changed': v.looseObject({ ...kind('output-changed'), path: text, what: text }),
  depends: v.looseObject({ ...kind('depends'), artifact: text }),
}

const reason: Shape<Reason> = oneOf<Reason, Reason['kind']>('kind', REASONS)
const reasons = v.array(reason)

const lineCount = v.looseObject({ added: amount, removed: amount })
const change = {
  path: text,
  lines: v.exactOptional(lineCount),
  at: v.exactOptional(amount),
  sizes: v.exactOptional(v.tuple([amount, amount])),
}
const packaged = v.array(v.looseObject({ name: text, version: text }))
const run = v.looseObject({ build: text, startedAt: text })

const evidence: Shape<Evidence> = v.looseObject({
  editedAt: v.exactOptional(v.number()),
  since: v.exactOptional(run),
  text: v.exactOptional(v.looseObject(change)),
  entries: v.exactOptional(
    v.array(
      v.looseObject({
        ...change,
        change: v.picklist([
          'added',
          'removed',
          'content',
          'made executable',
          'no longer executable',
          'type',
          'link target',
        ]),
        before: v.exactOptional(text),
        values: v.exactOptional(v.tuple([text, text])),
      }),
    ),
  ),
  moreEntries: v.exactOptional(amount),
  packages: v.exactOptional(
    v.looseObject({
      came: packaged,
      went: packaged,
      changed: v.array(v.looseObject({ name: text, before: text, now: text })),
    }),
  ),
  values: v.exactOptional(v.looseObject({ before: text, now: text, setBy: v.exactOptional(text) })),
  versions: v.exactOptional(v.looseObject({ before: v.exactOptional(text), now: v.exactOptional(text) })),
  imports: v.exactOptional(texts),
  madeBy: v.exactOptional(run),
  because: v.exactOptional(v.array(v.lazy(() => cause))),
})

const cause: Shape<ExplainedCause> = v.looseObject({ reason, artifacts: texts, evidence })
const consequence: Shape<Consequence> = v.looseObject({
  artifact: text,
  verdict: v.picklist(['stale', 'undecided', 'restorable']),
  usualSeconds: v.exactOptional(amount),
  causes: locations,
  own: locations,
  through: texts,
  cutOff: v.exactOptional(locations),
})

const node: Shape<BuildNode> = v.looseObject({ name: text, dependencies: texts, lockfiles: texts })
const outputs: Shape<readonly BuiltOutput[]> = v.array(
  v.looseObject({
    name: text,
    path: text,
    published: v.boolean(),
    sha256: text,
    size: amount,
    changed: v.boolean(),
  }),
)

type EventShapes = { readonly [K in LoggedEvent['type']]: Shape<Extract<LoggedEvent, { readonly type: K }>> }

const type = <K extends string>(word: K) => ({ type: v.literal(word) })

const EVENTS: EventShapes = {
  started: v.looseObject({
    ...type('started'),
    build: text,
    lbuild: text,
    targets: texts,
    params: v.record(text, json),
    jobs: amount,
    force: v.boolean(),
    keepGoing: v.boolean(),
    artifacts: v.array(node),
  }),
  explained: v.looseObject({
    ...type('explained'),
    explanation: v.looseObject({
      causes: v.array(cause),
      consequences: v.array(consequence),
      unchanged: v.looseObject({ fresh: texts, parts: v.record(text, amount) }),
    }),
  }),
  resolving: v.looseObject({
    ...type('resolving'),
    lock: text,
    path: text,
    why: v.picklist(['missing', 'outdated', 'update']),
  }),
  resolved: v.looseObject({ ...type('resolved'), lock: text, path: text, files: amount, seconds: amount }),
  fetching: v.looseObject({ ...type('fetching'), lock: text, files: amount, bytes: amount }),
  fetched: v.looseObject({ ...type('fetched'), lock: text, seconds: amount }),
  running: v.looseObject({
    ...type('running'),
    artifact: text,
    reasons,
    usualSeconds: v.exactOptional(amount),
  }),
  phase: v.looseObject({
    ...type('phase'),
    artifact: text,
    phase: v.picklist(['produce', 'keep', 'publish']),
  }),
  cancelled: v.looseObject({ ...type('cancelled'), artifact: text, seconds: amount }),
  retrying: v.looseObject({ ...type('retrying'), artifact: text, because: text }),
  built: v.looseObject({
    ...type('built'),
    artifact: text,
    key: text,
    seconds: amount,
    changed: v.boolean(),
    outputs,
  }),
  restoring: v.looseObject({ ...type('restoring'), artifact: text }),
  restored: v.looseObject({
    ...type('restored'),
    artifact: text,
    key: text,
    reasons,
    savedSeconds: amount,
    changed: v.boolean(),
    outputs,
  }),
  rebuilding: v.looseObject({ ...type('rebuilding'), artifact: text, usualSeconds: amount }),
  rebuilt: v.looseObject({
    ...type('rebuilt'),
    artifact: text,
    seconds: amount,
    outcome: v.picklist(['same', 'differs', 'failed']),
  }),
  fresh: v.looseObject({
    ...type('fresh'),
    artifact: text,
    key: text,
    savedSeconds: amount,
    cutOff: v.boolean(),
  }),
  kept: v.looseObject({ ...type('kept'), path: text, as: text }),
  collected: v.looseObject({ ...type('collected'), records: amount, objects: amount, bytes: amount }),
  warning: v.looseObject({ ...type('warning'), message: text, hint: v.exactOptional(text) }),
  failed: v.looseObject({
    ...type('failed'),
    artifact: text,
    key: v.exactOptional(text),
    reasons,
    seconds: amount,
    failure,
  }),
  skipped: v.looseObject({ ...type('skipped'), artifact: text, reasons, because: text }),
  ended: v.looseObject({
    ...type('ended'),
    outcome: v.picklist(['done', 'failed', 'interrupted']),
    seconds: amount,
    savedSeconds: v.exactOptional(amount),
    failure: v.exactOptional(failure),
  }),
}

/** Checks that what was read is an event. */
export const EVENT: Shape<LoggedEvent> = oneOf<LoggedEvent, LoggedEvent['type']>('type', EVENTS)

/** Checks when a line of the log was written; ECMA-262 has no date beyond the limit of `at`. */
export const TIMES = v.looseObject({
  at: v.pipe(amount, v.maxValue(8.64e15)),
  t: v.pipe(amount, v.maxValue(8.64e15)),
})

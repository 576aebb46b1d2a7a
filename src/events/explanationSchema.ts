// Checks the domain data in log lines: reasons, causes and evidence.
import * as v from 'valibot'
import type { Json } from '../api/params.ts'
import type { Evidence, ExplainedCause, Explanation } from '../planner/evidence.ts'
import type { Digest } from '../platform/digest.ts'
import { isDigest } from '../platform/digest.ts'
import { isPart } from '../planner/part.ts'
import type { Consequence, Part, Reason } from '../planner/domain.ts'

/** Checks that a value that was read is a T. Members that a schema does not name are allowed. */
type Schema<T> = v.GenericSchema<T>

export const text = v.string()
const texts = v.array(text)
/** A count, a size or a time. */
export const amount = v.pipe(v.number(), v.finite(), v.minValue(0))
/** Any value of JSON; what JSON.parse returns is one. */
export const json = v.custom<Json>((value) => value !== undefined)

type Option<K extends string> = v.GenericSchema & {
  readonly entries: { readonly [key in K]: { readonly literal: string } }
}

/** Like v.variant, but looks the option up instead of trying one after another, because logs are long. */
export function oneOf<K extends string, O extends Option<K>>(
  discriminator: K,
  options: readonly O[],
): v.LazySchema<O | v.NeverSchema<undefined>> {
  const byName = new Map<unknown, O>(options.map((option) => [option.entries[discriminator].literal, option]))
  const nameOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, discriminator) : undefined
  return v.lazy((value) => byName.get(nameOf(value)) ?? v.never())
}

const part = v.custom<Part>(isPart)

export const reason: Schema<Reason> = oneOf('kind', [
  v.object({ kind: v.literal('first-build') }),
  v.object({ kind: v.literal('forced') }),
  v.object({ kind: v.literal('record-damaged') }),
  v.object({ kind: v.literal('record-lost') }),
  v.object({ kind: v.literal('record-unconfined') }),
  v.object({ kind: v.literal('changed'), before: part, now: part }),
  v.object({ kind: v.literal('added'), now: part }),
  v.object({ kind: v.literal('removed'), before: part }),
  v.object({
    kind: v.literal('module'),
    module: text,
    change: v.picklist(['changed', 'added', 'removed']),
  }),
  v.object({
    kind: v.literal('lockfile'),
    lockfile: text,
    state: v.picklist(['missing', 'outdated']),
    path: text,
    changes: v.array(v.lazy(() => reason)),
  }),
  v.object({ kind: v.literal('object-missing'), output: text }),
  v.object({ kind: v.literal('output-missing'), path: text }),
  v.object({ kind: v.literal('output-changed'), path: text, what: text }),
  v.object({ kind: v.literal('depends'), artifact: text }),
])

const textChange = {
  path: text,
  lines: v.exactOptional(v.object({ added: amount, removed: amount })),
  at: v.exactOptional(amount),
  sizes: v.exactOptional(v.tuple([amount, amount])),
}
const entryChange = v.object({
  ...textChange,
  change: v.picklist([
    'added',
    'removed',
    'content',
    'made executable',
    'no longer executable',
    'type',
    'link target',
  ]),
  before: v.exactOptional(v.custom<Digest>(isDigest)),
  values: v.exactOptional(v.tuple([text, text])),
})
const packages = v.array(v.object({ name: text, version: text }))
const run = v.object({ build: text, startedAt: text })

const evidence: Schema<Evidence> = v.object({
  editedAt: v.exactOptional(v.number()),
  comparedWith: v.exactOptional(run),
  text: v.exactOptional(v.object(textChange)),
  entries: v.exactOptional(v.array(entryChange)),
  moreEntries: v.exactOptional(amount),
  packages: v.exactOptional(
    v.object({
      added: packages,
      removed: packages,
      changed: v.array(v.object({ name: text, before: text, now: text })),
    }),
  ),
  values: v.exactOptional(v.object({ before: text, now: text, setBy: v.exactOptional(text) })),
  versions: v.exactOptional(v.object({ before: v.exactOptional(text), now: v.exactOptional(text) })),
  imports: v.exactOptional(texts),
  builtBy: v.exactOptional(run),
  upstream: v.exactOptional(v.array(v.lazy(() => cause))),
})

const cause: Schema<ExplainedCause> = v.object({ reason, artifacts: texts, evidence })

/** Indices into the list of causes. */
const indices = v.array(v.pipe(amount, v.integer()))

const consequence: Schema<Consequence> = v.object({
  artifact: text,
  verdict: v.picklist(['stale', 'undecided', 'restorable']),
  usualSeconds: v.exactOptional(amount),
  causes: indices,
  own: indices,
  through: texts,
  cutOff: v.exactOptional(indices),
})

export const explanation: Schema<Explanation> = v.object({
  causes: v.array(cause),
  consequences: v.array(consequence),
  unchanged: v.object({ fresh: texts, parts: v.record(text, amount) }),
})

import * as v from 'valibot'
import type { Json } from '../api/params.ts'
import { parseSize } from '../api/params.ts'
import { Failure } from '../platform/failure.ts'

/** What a name may look like: it becomes a word of the command line and the name of a directory. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

const name = v.pipe(
  v.string(),
  v.regex(NAME, 'a name is made of letters, digits, dots, dashes and underscores'),
)

/** A path from the workspace's root that does not leave it. */
const path = v.pipe(
  v.string(),
  v.check(
    (value) => !value.split('/').some((part) => part === '..' || part === '.' || part === ''),
    (issue) => `'${issue.input}' must be a path below the directory, without '..' and not absolute`,
  ),
)

/** What lbuild itself writes can be no input: a build must not change what it depends on. */
const source = v.pipe(
  path,
  v.check(
    (value) => !['cache', 'output'].includes(value.split('/')[0]!),
    (issue) => `'${issue.input}' is written by lbuild itself: take the output of an artifact`,
  ),
)

const sources = [
  v.object({ kind: v.literal('file'), path: source, optional: v.boolean() }),
  v.object({ kind: v.literal('tree'), path: source, optional: v.boolean() }),
] as const

const input = v.variant('kind', [
  ...sources,
  v.object({ kind: v.literal('output'), artifact: name, output: v.string() }),
  v.object({ kind: v.literal('downloads'), lock: name }),
])

const param = v.looseObject({
  type: v.picklist(['text', 'size', 'integer', 'flag', 'choice', 'data']),
  value: v.custom<Json>((value) => isJson(value), 'not a value of JSON'),
})

/** Whether a value goes into a key and to a producer as it is. */
function isJson(value: unknown): value is Json {
  if (value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)) return true
  if (Array.isArray(value)) return value.every(isJson)
  return (
    Object.prototype.toString.call(value) === '[object Object]' &&
    Object.values(value as object).every(isJson)
  )
}

const producer = v.custom<(context: unknown) => Promise<void>>(
  (value) => typeof value === 'function',
  'not a function',
)

const tools = v.array(v.union([v.string(), v.object({ name: v.string(), atLeast: v.string() })]))

/** The shape of an artifact's declaration. */
export const ArtifactSchema = v.strictObject({
  describe: v.optional(v.string()),
  inputs: v.optional(v.record(name, input), {}),
  params: v.optional(v.record(name, param), {}),
  tools: v.optional(tools, []),
  env: v.optional(v.array(v.string()), []),
  outputs: v.pipe(
    v.record(name, v.union([path, v.object({ internal: name })])),
    v.check((outputs) => Object.keys(outputs).length > 0, 'an artifact needs at least one output'),
  ),
  network: v.optional(v.boolean(), false),
  produce: producer,
  verify: v.optional(producer),
})

/** The shape of a lock's declaration. */
export const LockfileSchema = v.strictObject({
  path: source,
  inputs: v.record(name, v.variant('kind', sources)),
  params: v.optional(v.record(name, param), {}),
  mirrorParams: v.optional(v.array(v.string()), []),
  hostFiles: v.optional(v.array(v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'))), []),
  tools,
  resolve: producer,
  mirrors: producer,
})

const scalar = v.unknown()

/** A number of bytes, as a number or like `20G`. */
const size = v.pipe(
  v.union([v.string(), v.number()], "must be a size such as '20G'"),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return parseSize(dataset.value)
    } catch (error) {
      addIssue({ message: (error as RangeError).message })
      return NEVER
    }
  }),
)

const COUNT = 'must be a whole number of at least 1'

/** What is kept in the store: the newest builds of each artifact, within a size in bytes. */
const store = v.strictObject({
  keep: v.optional(v.pipe(v.number(COUNT), v.safeInteger(COUNT), v.minValue(1, COUNT)), 10),
  maxSize: v.optional(size, '20G'),
})

/** The source of a regular expression. */
const pattern = v.pipe(
  v.string(),
  v.nonEmpty('an empty pattern matches everything'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    try {
      RegExp(dataset.value)
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : String(error) })
    }
  }),
)

/** What the distro prints on the serial console. */
const boot = v.strictObject({
  login: v.exactOptional(pattern),
  initramfs: v.exactOptional(pattern),
  failures: v.exactOptional(
    v.array(v.strictObject({ pattern, headline: v.string(), hint: v.exactOptional(v.string()) })),
  ),
})

/** The shape of what `build.config.ts` exports. */
export const ConfigSchema = v.strictObject({
  artifacts: v.array(v.unknown()),
  params: v.optional(v.record(v.string(), scalar), {}),
  profiles: v.optional(v.record(name, v.record(v.string(), scalar)), {}),
  epoch: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1767225600),
  toolPath: v.optional(v.array(v.string()), []),
  store: v.optional(store, {}),
  boot: v.optional(boot, {}),
})

export const nameOf = v.parser(name)

/** Checks a value against a schema. Throws a Failure (exit code 2) that names each place and what is wrong there. */
export function check<S extends v.GenericSchema>(schema: S, value: unknown, where: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  throw new Failure(`${where} is not declared as it must be`, {
    facts: result.issues.map((issue) => [v.getDotPath(issue) ?? 'value', issue.message] as const),
    hint: 'see the README for what a declaration holds',
    exitCode: 2,
  })
}

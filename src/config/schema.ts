// The shapes of declarations, checked when a config is evaluated.
import * as v from 'valibot'
import type { LockedFile } from '../api/lockfile.ts'
import type { Json } from '../api/params.ts'
import { parseSize } from '../api/params.ts'
import { DEFAULT_LIMITS } from '../graph/limits.ts'
import { Failure } from '../platform/failure.ts'
import { byName, name } from './declaredNames.ts'

/** A relative path without `.`, `..` or empty components. */
const path = v.pipe(
  v.string(),
  v.check(
    (value) => !value.split('/').some((part) => part === '..' || part === '.' || part === ''),
    (issue) => `'${issue.input}' must be a relative path without '..'`,
  ),
)

/** A path outside `cache/` and `output/`: lbuild writes there, so a build would change its own inputs. */
const source = v.pipe(
  path,
  v.check(
    (value) => !/^(cache|output)(\/|$)/.test(value),
    (issue) => `lbuild writes '${issue.input}': take the output of an artifact instead`,
  ),
)

const sources = [
  v.object({ kind: v.literal('file'), path: source, optional: v.boolean() }),
  v.object({
    kind: v.literal('tree'),
    path: source,
    optional: v.boolean(),
    exclude: v.array(v.string()),
    gitignore: v.boolean(),
  }),
] as const

const input = v.variant('kind', [
  ...sources,
  v.object({ kind: v.literal('output'), artifact: name, output: v.string() }),
  v.object({ kind: v.literal('downloads'), lockfile: name }),
])

const json = v.custom<Json>((value) => isJson(value), 'not a JSON value')

const param = v.object({
  type: v.picklist(['text', 'size', 'integer', 'flag', 'choice', 'data']),
  value: json,
  choices: v.exactOptional(v.array(v.string())),
  atLeast: v.exactOptional(v.number()),
  describe: v.exactOptional(v.string()),
})

/** Whether a value goes into keys and to producers unchanged. */
function isJson(value: unknown): value is Json {
  if (value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)) return true
  if (Array.isArray(value)) return value.every(isJson)
  const isPlain = typeof value === 'object' && Object.prototype.toString.call(value) === '[object Object]'
  return isPlain && Object.values(value).every(isJson)
}

/** A function of the distro; its type is what the public API asks of it. */
const functionOf = <F extends (...args: never[]) => unknown>(): v.GenericSchema<F> =>
  v.custom<F>((value) => typeof value === 'function', 'not a function')

const producer = functionOf<(context: unknown) => Promise<void> | void>()

const tools = v.array(v.union([v.string(), v.object({ name: v.string(), atLeast: v.string() })]))

/** A size, as a number of bytes or like `20G`. */
const size = v.pipe(
  v.union([v.string(), v.number()], "must be a size such as '20G'"),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return parseSize(dataset.value)
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : String(error) })
      return NEVER
    }
  }),
)

const COUNT = 'must be a whole number of at least 1'

const count = v.pipe(v.number(COUNT), v.safeInteger(COUNT), v.minValue(1, COUNT))

/** The limits of a run. */
const limits = v.strictObject({
  seconds: v.optional(count, DEFAULT_LIMITS.seconds),
  processes: v.optional(count, DEFAULT_LIMITS.processes),
  memory: v.optional(size, DEFAULT_LIMITS.memory),
  disk: v.optional(size, DEFAULT_LIMITS.disk),
})

/** An artifact's declaration. */
export const ArtifactSchema = v.strictObject({
  describe: v.optional(v.string()),
  inputs: v.optional(byName(input), {}),
  params: v.optional(byName(param), {}),
  tools: v.optional(tools, []),
  env: v.optional(v.array(v.string()), []),
  outputs: v.pipe(
    byName(v.union([path, v.object({ internal: name })])),
    v.check((outputs) => Object.keys(outputs).length > 0, 'an artifact needs at least one output'),
  ),
  network: v.optional(v.boolean(), false),
  limits: v.optional(limits, {}),
  produce: producer,
  verify: v.optional(producer),
})

/** A lockfile's declaration. */
export const LockfileSchema = v.strictObject({
  path: source,
  inputs: byName(v.variant('kind', sources)),
  params: v.optional(byName(param), {}),
  mirrorParams: v.optional(v.array(v.string()), []),
  hostFiles: v.optional(v.array(v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'))), []),
  tools,
  resolve: functionOf<(context: unknown) => Promise<readonly LockedFile[]>>(),
  mirrors: functionOf<(params: unknown, file: LockedFile) => readonly string[]>(),
})

/** The limits of the store: records of each artifact, and bytes. */
const store = v.strictObject({
  keep: v.optional(count, 10),
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

/** A text that lbuild types on a console and ends with Enter. */
const line = v.pipe(
  v.string(),
  // oxlint-disable-next-line no-control-regex -- a terminal acts on control characters
  v.regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters'),
)

/** How to check that an image boots. */
const bootCheck = {
  login: v.exactOptional(pattern),
  initramfs: v.exactOptional(pattern),
  failures: v.exactOptional(
    v.array(v.strictObject({ pattern, headline: v.string(), hint: v.exactOptional(v.string()) })),
  ),
  user: v.exactOptional(line),
  password: v.exactOptional(line),
  prompt: v.exactOptional(pattern),
  success: v.exactOptional(pattern),
  bootSeconds: v.exactOptional(count),
  silenceSeconds: v.exactOptional(count),
  commandSeconds: v.exactOptional(count),
}

const boot = v.strictObject({
  ...bootCheck,
  targets: v.exactOptional(v.record(name, v.strictObject(bootCheck))),
})

/** Values of params, by `NAME` or `ARTIFACT.NAME`. */
const values = v.custom<Readonly<Record<string, Json>>>(
  (value) => isJson(value) && typeof value === 'object' && value !== null && !Array.isArray(value),
  'not an object of JSON values',
)

/** A variant's declaration. */
export const VariantSchema = v.strictObject({ base: name, params: values })

/** The default export of `build.config.ts`. */
export const ConfigSchema = v.strictObject({
  artifacts: v.array(v.unknown()),
  params: v.optional(values, {}),
  profiles: v.optional(byName(values), {}),
  epoch: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1767225600),
  toolPath: v.optional(v.array(v.string()), []),
  store: v.optional(store, {}),
  boot: v.optional(boot, {}),
})

/** A handle that the public API made. */
export const DeclaredSchema = v.object({
  name: v.string(),
  declaration: v.unknown(),
  site: v.instance(Error),
})

/** Parses a value. Throws a Failure (exit code 2) that names each place and what is wrong there. */
export function check<S extends v.GenericSchema>(schema: S, value: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  throw new Failure(`invalid declaration of ${what}`, {
    facts: result.issues.map((issue) => [v.getDotPath(issue) ?? 'value', issue.message] as const),
    hint: 'correct these fields; the types of lbuild describe them',
    exitCode: 2,
  })
}

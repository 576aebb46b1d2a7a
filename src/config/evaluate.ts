// Runs the code of a bundled config and collects what it declares.
import { closeSync, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as v from 'valibot'
import { ARTIFACT } from '../api/artifact.ts'
import type { Declared } from '../api/artifact.ts'
import { VARIANT } from '../api/variant.ts'
import { LOCKFILE } from '../api/lockfile.ts'
import { Failure, failureFrom } from '../platform/failure.ts'
import {
  ArtifactSchema,
  check,
  ConfigSchema,
  DeclaredSchema,
  LockfileSchema,
  VariantSchema,
} from './schema.ts'

/** The starter passes its import() as `importModule`. It is undefined in tests, which run the TypeScript sources. */
declare const importModule: ((address: string) => Promise<unknown>) | undefined

/** The property of globalThis in which an evaluated bundle leaves the exports of each module, by label. */
export const MODULES = 'lbuild.modules'

/** The property of globalThis with a function that a bundle calls before its first statement, if there is one. */
export const GUARD = 'lbuild.guard'

export type DeclaredArtifact = Declared<v.InferOutput<typeof ArtifactSchema>>
export type DeclaredVariant = Declared<v.InferOutput<typeof VariantSchema>>
export type DeclaredLockfile = Declared<v.InferOutput<typeof LockfileSchema>>

/** An evaluated config: declarations with their functions, and the config's other fields. */
export interface EvaluatedConfig extends Omit<v.InferOutput<typeof ConfigSchema>, 'artifacts'> {
  readonly artifacts: ReadonlyMap<string, DeclaredArtifact>
  readonly lockfiles: ReadonlyMap<string, DeclaredLockfile>
  readonly variants: ReadonlyMap<string, DeclaredVariant>
  /** The exports of each module, by its label. */
  readonly exports: ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

/** What surrounds the evaluation of a bundle. */
export interface Surroundings {
  /** Receives the exports of each module, by its label. */
  readonly exports: Map<string, Readonly<Record<string, unknown>>>
  /** Called before the first statement of the bundle, when Node.js has loaded it. */
  enter(): void
  /** Called when the bundle was evaluated, or has failed. */
  leave(): void
}

const NO_SURROUNDINGS = (): Surroundings => ({ exports: new Map(), enter() {}, leave() {} })

/**
 * Imports a bundle that {@link bundleConfig} made and collects what it declares. Throws a Failure (exit code 2) when
 * the config's own code throws, when its shape is wrong, or when two declarations share a name. Only the declarations
 * with a `wanted` name are checked and returned.
 */
export async function evaluateConfig(
  bundle: string,
  wanted: (name: string) => boolean = () => true,
  surroundings: Surroundings = NO_SURROUNDINGS(),
): Promise<EvaluatedConfig> {
  process.setSourceMapsEnabled(true)
  const { exports } = surroundings
  const globals = { [Symbol.for(MODULES)]: exports, [Symbol.for(GUARD)]: () => surroundings.enter() }
  Object.assign(globalThis, globals)
  const exported = await defaultExport(bundle, surroundings)
  if (exported === undefined)
    throw new Failure('build.config.ts has no default export', {
      hint: 'write: export default defineConfig({ artifacts: [ … ] })',
      exitCode: 2,
    })
  const config = check(ConfigSchema, exported, 'build.config.ts')
  const artifacts = new Map<string, Declared<unknown>>()
  const lockfiles = new Map<string, Declared<unknown>>()
  const variants = new Map<string, Declared<unknown>>()
  for (const [position, value] of config.artifacts.entries()) {
    const [artifact, lockfile] = [declaredBy(ARTIFACT, value), declaredBy(LOCKFILE, value)]
    const variant = declaredBy(VARIANT, value)
    if (artifact) addOnce(artifacts, artifact, 'artifact')
    else if (variant) addOnce(variants, variant, 'variant')
    else if (lockfile) addOnce(lockfiles, lockfile, 'lockfile')
    else
      throw new Failure('build.config.ts lists a value that is no artifact', {
        facts: [['field', `artifacts.${position}`]],
        hint: 'list what artifact(…), variant(…) and lockfile(…) return',
        exitCode: 2,
      })
  }
  return {
    ...config,
    artifacts: parsed(artifacts, wanted, (name, value) =>
      check(ArtifactSchema, value, `the artifact '${name}'`),
    ),
    lockfiles: parsed(lockfiles, wanted, (name, value) =>
      check(LockfileSchema, value, `the lockfile '${name}'`),
    ),
    variants: parsed(variants, wanted, (name, value) => check(VariantSchema, value, `the variant '${name}'`)),
    exports,
  }
}

async function defaultExport(bundle: string, surroundings: Surroundings): Promise<unknown> {
  const depth = Error.stackTraceLimit
  // Deep enough for the modules between the config and a declaration.
  Error.stackTraceLimit = 100
  try {
    const module = await importFile(bundle, () => surroundings.leave())
    return typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  } catch (error) {
    throw thrownFailure(error)
  } finally {
    Error.stackTraceLimit = depth
  }
}

/**
 * Imports a module and then calls `done`. Node.js refuses an address with a backslash, but not a link to one, such as that
 * of an open directory.
 */
async function importFile(path: string, done: () => void): Promise<unknown> {
  if (!path.includes('\\')) return importAddress(pathToFileURL(path).href).finally(done)
  const directory = openSync(dirname(path), 'r')
  try {
    const { href } = pathToFileURL(`/proc/self/fd/${directory}/${basename(path)}`)
    return await importAddress(href).finally(done)
  } finally {
    closeSync(directory)
  }
}

/** Imports the module with a URL. */
export const importAddress = (address: string): Promise<unknown> =>
  typeof importModule === 'function' ? importModule(address) : import(address)

/** Whether a value is the handle of an artifact, a variant or a lockfile. */
export const isHandle = (value: unknown): boolean =>
  [ARTIFACT, VARIANT, LOCKFILE].some((kind) => declaredBy(kind, value) !== undefined)

/** The declaration behind a handle; undefined for any other value. */
function declaredBy(kind: symbol, value: unknown): Declared<unknown> | undefined {
  if (typeof value !== 'object' || value === null || !Reflect.has(value, kind)) return undefined
  const declared: unknown = Reflect.get(value, kind)
  return check(DeclaredSchema, declared, 'a value that another version of lbuild made')
}

function addOnce(known: Map<string, Declared<unknown>>, declared: Declared<unknown>, what: string): void {
  // A config may list a handle twice, but not two declarations of one name.
  if ((known.get(declared.name) ?? declared).declaration !== declared.declaration)
    throw new Failure(`two ${what}s have the name '${declared.name}'`, {
      hint: 'rename one of them',
      exitCode: 2,
    })
  known.set(declared.name, declared)
}

const parsed = <D>(
  all: ReadonlyMap<string, Declared<unknown>>,
  wanted: (name: string) => boolean,
  parse: (name: string, declaration: unknown) => D,
): ReadonlyMap<string, Declared<D>> =>
  new Map(
    [...all]
      .filter(([name]) => wanted(name))
      .map(([name, one]) => [name, { ...one, declaration: parse(name, one.declaration) }]),
  )

/** The Failure of an error that the distro's code threw. */
export function thrownFailure(error: unknown): Failure {
  const failure = failureFrom(error)
  if (failure) return new Failure(failure.headline, { ...failure, exitCode: 2 })
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const where = placeIn(stack)
  return new Failure(`build.config.ts throws: ${message}`, {
    ...(where === undefined ? {} : { facts: [['at', where] as const] }),
    hint: 'correct the code and run again',
    exitCode: 2,
    cause: error,
  })
}

/** The file, line and column of the innermost frame of a stack that is not Node's own. */
export function placeIn(stack = ''): string | undefined {
  const frames = stack.split('\n').filter((line) => !line.includes('node:internal/'))
  return /\(?(?:file:\/\/)?(\/[^()\n]+:\d+:\d+)\)?/.exec(frames.join('\n'))?.[1]
}

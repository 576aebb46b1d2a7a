import { pathToFileURL } from 'node:url'
import type { AnyDeclaration, Declared } from '../api/artifact.ts'
import { declaredArtifact } from '../api/artifact.ts'
import type { BootPatterns } from '../api/config.ts'
import type { AnyLockfileDeclaration } from '../api/lockfile.ts'
import { declaredLockfile } from '../api/lockfile.ts'
import type { Json } from '../api/params.ts'
import { Failure, failureFrom } from '../platform/failure.ts'
import type { StoreLimits } from '../graph/graph.ts'
import { check, ConfigSchema } from './schema.ts'

/** The import() of the starter, in the program that it loads; in the process of a producer there is none. */
declare const importModule: ((address: string) => Promise<unknown>) | undefined

/** The name on globalThis under which an evaluated bundle leaves the exports of each module, by label. */
export const MODULES = 'lbuild.modules'

/** An evaluated config: declarations with their functions. */
export interface EvaluatedConfig {
  readonly artifacts: ReadonlyMap<string, Declared<AnyDeclaration>>
  readonly lockfiles: ReadonlyMap<string, Declared<AnyLockfileDeclaration>>
  readonly params: Readonly<Record<string, Json>>
  readonly profiles: Readonly<Record<string, Readonly<Record<string, Json>>>>
  readonly epoch: number
  readonly toolPath: readonly string[]
  readonly store: StoreLimits
  readonly boot: BootPatterns
  /** The exports of each module, by its label. */
  readonly exports: ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

/**
 * Imports a bundle that {@link bundleConfig} made and collects what it declares. Throws a Failure (exit code 2) when
 * the config's own code throws, when its shape is wrong, or when two declarations share a name.
 */
export async function evaluateConfig(bundle: string): Promise<EvaluatedConfig> {
  process.setSourceMapsEnabled(true)
  const exports: EvaluatedConfig['exports'] = new Map()
  Object.assign(globalThis, { [Symbol.for(MODULES)]: exports })
  const depth = Error.stackTraceLimit
  Error.stackTraceLimit = 100
  let module: { default?: unknown }
  try {
    const address = pathToFileURL(bundle).href
    const imported = typeof importModule === 'function' ? importModule(address) : import(address)
    module = (await imported) as { default?: unknown }
  } catch (error) {
    throw thrownFailure(error)
  } finally {
    Error.stackTraceLimit = depth
  }
  if (module.default === undefined)
    throw new Failure('build.config.ts exports nothing as its default', {
      hint: 'write: export default defineConfig({ artifacts: [ … ] })',
      exitCode: 2,
    })
  const config = check(ConfigSchema, module.default, 'build.config.ts')
  const artifacts = new Map<string, Declared<AnyDeclaration>>()
  const lockfiles = new Map<string, Declared<AnyLockfileDeclaration>>()
  for (const [position, value] of config.artifacts.entries()) {
    const artifact = declaredArtifact(value)
    const lock = declaredLockfile(value)
    if (artifact) addOnce(artifacts, artifact, 'artifact')
    else if (lock) addOnce(lockfiles, lock, 'lock')
    else
      throw new Failure('build.config.ts lists something that is no artifact', {
        facts: [['place', `artifacts.${position}`]],
        hint: 'list what artifact(…) and lockfile(…) give',
        exitCode: 2,
      })
  }
  return {
    artifacts,
    lockfiles,
    params: config.params as Record<string, Json>,
    profiles: config.profiles as EvaluatedConfig['profiles'],
    epoch: config.epoch,
    toolPath: config.toolPath,
    store: config.store,
    boot: config.boot,
    exports,
  }
}

function addOnce<D>(known: Map<string, Declared<D>>, declared: Declared<D>, what: string): void {
  if (known.has(declared.name) && known.get(declared.name) !== declared)
    throw new Failure(`two ${what}s are called '${declared.name}'`, {
      hint: 'give one of them another name',
      exitCode: 2,
    })
  known.set(declared.name, declared)
}

function thrownFailure(error: unknown): Failure {
  const failure = failureFrom(error)
  if (failure) return failure
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const where = /\(?(?:file:\/\/)?(\/[^()\n]+:\d+:\d+)\)?/.exec(stack ?? '')?.[1]
  return new Failure(`build.config.ts fails: ${message}`, {
    ...(where === undefined ? {} : { facts: [['at', where] as const] }),
    hint: 'mend it and run again',
    exitCode: 2,
    cause: error,
  })
}

// Evaluates a bundled config and turns it into a graph, or asks it for mirrors.
import type { Graph } from '../graph/graph.ts'
import { evaluateConfig, importAddress, thrownFailure } from './evaluate.ts'
import type { HostGuard } from './hostGuard.ts'
import { ModuleRegistry } from './moduleState.ts'
import type { FunctionSource, GraphRequest, MirrorRequest, SourcesRequest } from './configProcess.ts'
import { graphOf } from './graphFromConfig.ts'
import { SharedState } from './sharedState.ts'

/** Does what takes longest when it is done for the first time, so that the evaluation of a config takes less time afterwards. */
export async function prepareEvaluation(): Promise<void> {
  new SharedState().hasChanged()
  await importAddress('data:text/javascript,')
}

/**
 * Evaluates the config with an empty environment, because keys do not contain the environment. The process of a producer
 * evaluates it again with the variables that the artifact declares; the key contains those. `guard` refuses what no key
 * contains. Throws a Failure (exit code 2) if that fails.
 */
export async function evaluateGraph(
  { bundle, modules: list, compiler }: Omit<GraphRequest, 'task'>,
  guard?: HostGuard,
): Promise<Graph> {
  const modules = new Map(list.map((module) => [module.label, module]))
  const registry = new ModuleRegistry(modules)
  const environment = process.env
  process.env = {}
  const evaluated = await evaluateConfig(bundle, undefined, {
    exports: registry,
    enter() {
      guard?.enter()
      registry.begin()
    },
    leave() {
      registry.finish()
      guard?.leave()
    },
  }).finally(() => (process.env = environment))
  return graphOf(evaluated, { modules, compiler }, registry)
}

/** The source of the functions of every declaration. Throws a Failure (exit code 2) if the config fails. */
export async function evaluateSources(
  { bundle }: Omit<SourcesRequest, 'task'>,
  guard: HostGuard,
): Promise<readonly FunctionSource[]> {
  const { artifacts, lockfiles } = await withEmptyEnvironment(() =>
    evaluateConfig(bundle, undefined, {
      exports: new Map(),
      enter: () => guard.enter(),
      leave: () => guard.leave(),
    }),
  )
  return [
    ...[...artifacts].flatMap(
      ([
        owner,
        {
          declaration: { produce, verify },
        },
      ]) => [
        { kind: 'artifact', owner, member: 'produce', text: sourceOf(produce) } as const,
        ...(verify ? [{ kind: 'artifact', owner, member: 'verify', text: sourceOf(verify) } as const] : []),
      ],
    ),
    ...[...lockfiles].flatMap(
      ([
        owner,
        {
          declaration: { resolve, mirrors },
        },
      ]) => [
        { kind: 'lockfile', owner, member: 'resolve', text: sourceOf(resolve) } as const,
        { kind: 'lockfile', owner, member: 'mirrors', text: sourceOf(mirrors) } as const,
      ],
    ),
  ]
}

/** The source of a function, whatever `toString` of the function does. */
const sourceOf = (declared: unknown): string =>
  typeof declared === 'function' ? Function.prototype.toString.call(declared) : ''

async function withEmptyEnvironment<T>(evaluate: () => Promise<T>): Promise<T> {
  const environment = process.env
  process.env = {}
  try {
    return await evaluate()
  } finally {
    process.env = environment
  }
}

/** Calls `mirrors`. It may read any variable: the environment decides where files come from, never what they contain. */
export async function evaluateMirrors({
  bundle,
  lockfile,
  params,
  files,
}: MirrorRequest): Promise<readonly (readonly string[])[]> {
  const { lockfiles } = await evaluateConfig(bundle, (name) => name === lockfile)
  const declaration = lockfiles.get(lockfile)?.declaration
  try {
    return files.map((file) => declaration?.mirrors(params, file) ?? [])
  } catch (error) {
    throw thrownFailure(error)
  }
}

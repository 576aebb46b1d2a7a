// Evaluates a bundled config and turns it into a graph, or asks it for mirrors.
import type { Graph } from '../graph/graph.ts'
import { evaluateConfig, thrownFailure } from './evaluate.ts'
import type { GraphRequest, MirrorRequest } from './configProcess.ts'
import { compileGraph } from './graphFromConfig.ts'

/**
 * Evaluates the config with an empty environment, because keys do not contain the environment. The process of a producer
 * evaluates it again with the variables that the artifact declares; the key contains those. Throws a Failure (exit code
 * 2) if that fails.
 */
export async function evaluateGraph({
  bundle,
  modules,
  compiler,
}: Omit<GraphRequest, 'task'>): Promise<Graph> {
  const environment = process.env
  process.env = {}
  const evaluated = await evaluateConfig(bundle).finally(() => (process.env = environment))
  return compileGraph(evaluated, {
    modules: new Map(modules.map((module) => [module.label, module])),
    compiler,
  })
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

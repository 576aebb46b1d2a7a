// Turns an evaluated config into a graph, and rejects what cannot be built.
import { normalize } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure } from '../platform/failure.ts'
import type { ArtifactNode, Graph, LockfileNode, ToolSpec } from '../graph/graph.ts'
import { inOrder } from '../graph/graph.ts'
import { checkBootConfig } from '../graph/bootCheck.ts'
import { COMMANDS, suggestion } from '../graph/names.ts'
import { CONFIG, withParams, withProfile } from '../graph/params.ts'
import { checkNormalization, nameProblem } from './declaredNames.ts'
import type { DeclaredArtifact, DeclaredLockfile, EvaluatedConfig } from './evaluate.ts'
import { isHandle } from './evaluate.ts'
import { API } from './moduleLabels.ts'
import type { Influence } from './moduleState.ts'
import type { Code, Module } from './modules.ts'
import { codeDigest, reachable } from './modules.ts'
import { withVariants } from './variants.ts'

/**
 * Turns an evaluated config into a graph. Throws a Failure (exit code 2) for invalid names, references to undeclared
 * artifacts, cycles, overlapping outputs, and values that a param cannot have.
 */
export function graphOf(config: EvaluatedConfig, code: Code, influence: Influence): Graph {
  const isDeclaration = (label: string): boolean => {
    const exported = Object.values(config.exports.get(label) ?? {})
    return exported.length > 0 && exported.every(isHandle)
  }
  const spellings = spellingsOf(code.modules)
  const declaredArtifacts = [...config.artifacts.values()].map((declared) =>
    artifactNode(declared, code, modulesOnStack(declared.site.stack ?? '', spellings, code.modules), {
      isDeclaration,
      influence,
    }),
  )
  const lockfiles = [...config.lockfiles.values()].map(lockfileNode)
  for (const name of config.variants.keys()) checkName(name, 'variant')
  const variants = new Map([...config.variants].map(([name, { declaration }]) => [name, declaration]))
  const artifacts = withVariants(declaredArtifacts, lockfiles, variants)
  checkReferences(artifacts, lockfiles)
  checkOutputs(artifacts)
  checkNormalization(artifacts, lockfiles)
  const modules = [...code.modules.values()]
  const { epoch, toolPath, store, boot, profiles } = config
  const graph: Graph = {
    artifacts: inOrder(artifacts),
    lockfiles,
    epoch,
    toolPath,
    store,
    boot,
    profiles,
    modules: Object.fromEntries(modules.map(({ label, digest }) => [label, digest])),
    imports: Object.fromEntries(modules.map(({ label, imports }) => [label, imports])),
  }
  checkBootConfig(graph)
  const set = withParams(graph, config.params, CONFIG)
  // A profile with a wrong value is an error even if no command selects it.
  for (const name of Object.keys(profiles)) withProfile(set, name)
  return set
}

function artifactNode(
  { name, declaration }: DeclaredArtifact,
  code: Code,
  declaredIn: readonly string[],
  {
    isDeclaration,
    influence,
  }: { readonly isDeclaration: (label: string) => boolean; readonly influence: Influence },
): ArtifactNode {
  checkName(name, 'artifact')
  const own = reachable(code.modules, declaredIn, isDeclaration)
  const modules = isInfluenced(own, influence)
    ? reachable(code.modules, [...code.modules.keys()], () => false)
    : own
  const { describe, inputs, params, tools, env, outputs, network, limits } = declaration
  return {
    name,
    ...(describe === undefined ? {} : { describe }),
    inputs,
    params,
    tools: toolSpecs(tools),
    env,
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([output, path]) => [
        output,
        typeof path === 'string' ? { path, published: true } : { path: path.internal, published: false },
      ]),
    ),
    network,
    limits,
    code: codeDigest(modules, code.compiler),
    modules: modules.map(({ label }) => label),
    declaredIn,
  }
}

/**
 * Whether other modules than a producer's own changed what these see: a value of one of them, or a global. Then the whole
 * config is the producer's code.
 */
const isInfluenced = (own: readonly Module[], { changedBy, changesGlobals }: Influence): boolean => {
  const labels = new Set(own.map(({ label }) => label))
  return (
    changesGlobals || own.some(({ label }) => [...(changedBy.get(label) ?? [])].some((by) => !labels.has(by)))
  )
}

function lockfileNode({ name, declaration }: DeclaredLockfile): LockfileNode {
  checkName(name, 'lockfile')
  const { path, inputs, params, mirrorParams, hostFiles, tools } = declaration
  return { name, path, inputs, params, mirrorParams, hostFiles, tools: toolSpecs(tools) }
}

const toolSpecs = (tools: readonly (string | { name: string; atLeast: string })[]): ToolSpec[] =>
  tools.map((tool) => (typeof tool === 'string' ? { name: tool } : tool))

/** For each module that a stack can name, the ways in which stacks spell its path. */
type Spellings = ReadonlyMap<string, readonly string[]>

/**
 * A stack holds paths or addresses. Paths may contain blanks and brackets, so whole paths are searched for. esbuild replaces
 * each backslash by a slash, and normalizes the path.
 */
const spellingsOf = (modules: Code['modules']): Spellings =>
  new Map(
    [...modules.values()]
      .filter(({ label }) => !label.startsWith(API))
      .map(({ label, path }) => [
        label,
        [path, pathToFileURL(path).href, normalize(path.replaceAll('\\', '/'))].map((one) => `${one}:`),
      ]),
  )

/**
 * Returns the modules on the call stack of a declaration: the module that calls `artifact()`, and the modules that called
 * it, because the producer may use their values. If no module is on the stack, returns all modules.
 */
function modulesOnStack(stack: string, spellings: Spellings, all: Code['modules']): readonly string[] {
  const labels = [...spellings.entries()]
    .filter(([, paths]) => paths.some((path) => stack.includes(path)))
    .map(([label]) => label)
  return labels.length > 0 ? labels : [...all.keys()]
}

function checkName(name: string, what: string): void {
  const isCommand = COMMANDS.includes(name)
  const hint = isCommand ? 'use another name' : nameProblem(name)
  if (hint === undefined) return
  const reason = isCommand ? ': it is a command of lbuild' : ''
  throw new Failure(`invalid name '${name}' of ${what === 'artifact' ? 'an' : 'a'} ${what}${reason}`, {
    hint,
    exitCode: 2,
  })
}

function checkReferences(artifacts: readonly ArtifactNode[], lockfiles: readonly LockfileNode[]): void {
  const byName = new Map(artifacts.map((node) => [node.name, node]))
  const lockfileNames = lockfiles.map(({ name }) => name)
  for (const node of artifacts)
    for (const [input, reference] of Object.entries(node.inputs)) {
      if (reference.kind === 'downloads' && !lockfileNames.includes(reference.lockfile))
        throw dangling(
          node.name,
          input,
          `the lockfile '${reference.lockfile}'`,
          unlisted(reference.lockfile, lockfileNames),
        )
      if (reference.kind !== 'output') continue
      const source = byName.get(reference.artifact)
      if (!source)
        throw dangling(
          node.name,
          input,
          `the artifact '${reference.artifact}'`,
          unlisted(reference.artifact, [...byName.keys()]),
        )
      if (!Object.hasOwn(source.outputs, reference.output))
        throw dangling(
          node.name,
          input,
          `an output '${reference.output}' of '${source.name}'`,
          suggestion(reference.output, Object.keys(source.outputs)),
        )
    }
}

const dangling = (artifact: string, input: string, what: string, hint: string): Failure =>
  new Failure(`input '${input}' of '${artifact}': ${what} is not declared`, {
    hint,
    exitCode: 2,
  })

const unlisted = (word: string, known: readonly string[]): string =>
  `list it in build.config.ts${known.length === 0 ? '' : `; ${suggestion(word, known)}`}`

function checkOutputs(artifacts: readonly ArtifactNode[]): void {
  const makers = new Map<string, string>()
  for (const { name, outputs } of artifacts)
    for (const { path, published } of Object.values(outputs)) {
      if (!published) continue
      for (const [other, maker] of makers)
        if (other === path || other.startsWith(`${path}/`) || path.startsWith(`${other}/`))
          throw new Failure('two outputs overlap in output/', {
            facts: [
              [maker, other],
              [name, path],
            ],
            hint: 'change one of the paths',
            exitCode: 2,
          })
      makers.set(path, name)
    }
}

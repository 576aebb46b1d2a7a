import { pathToFileURL } from 'node:url'
import type { AnyDeclaration, Declared } from '../api/artifact.ts'
import type { AnyLockfileDeclaration } from '../api/lockfile.ts'
import { Failure } from '../platform/failure.ts'
import type { ArtifactNode, Graph, LockfileNode, ToolSpec } from '../graph/graph.ts'
import { inOrder } from '../graph/graph.ts'
import { COMMANDS, suggestion } from '../graph/names.ts'
import { withParams, withProfile } from '../graph/params.ts'
import type { Bundle, Module } from './bundle.ts'
import { codeDigest, reachable } from './bundle.ts'
import type { EvaluatedConfig } from './evaluate.ts'
import { API } from './labels.ts'
import { ArtifactSchema, check, LockfileSchema, nameOf } from './schema.ts'
import { declaredArtifact } from '../api/artifact.ts'
import { declaredLockfile } from '../api/lockfile.ts'

/** Turns an evaluated config into a graph. Throws a Failure (exit code 2) for everything that cannot be right. */
export function compileGraph(config: EvaluatedConfig, bundle: Bundle): Graph {
  const isDeclaration = (label: string): boolean => {
    const exported = Object.values(config.exports.get(label) ?? {})
    return (
      exported.length > 0 && exported.every((value) => declaredArtifact(value) ?? declaredLockfile(value))
    )
  }
  const artifacts = [...config.artifacts.values()].map((declared) =>
    artifactNode(declared, bundle, isDeclaration),
  )
  const lockfiles = [...config.lockfiles.values()].map(lockfileNode)
  checkReferences(artifacts, lockfiles)
  checkOutputs(artifacts)
  const modules = Object.fromEntries([...bundle.modules.values()].map(({ label, digest }) => [label, digest]))
  const imports = Object.fromEntries([...bundle.modules.values()].map((one) => [one.label, one.imports]))
  const { epoch, toolPath, store, boot, profiles } = config
  const graph: Graph = {
    artifacts: inOrder(artifacts),
    lockfiles,
    epoch,
    toolPath,
    store,
    boot,
    profiles,
    modules,
    imports,
  }
  const set = withParams(graph, config.params, 'build.config.ts')
  // A profile that cannot be set is an error before anybody asks for it.
  for (const name of Object.keys(profiles)) withProfile(set, name)
  return set
}

function artifactNode(
  { name, declaration, stack }: Declared<AnyDeclaration>,
  bundle: Bundle,
  isDeclaration: (label: string) => boolean,
): ArtifactNode {
  checkName(name, 'artifact')
  const checked = check(ArtifactSchema, declaration, `the artifact '${name}'`)
  const declaredIn = modulesOnStack(stack, bundle.modules)
  const modules = reachable(bundle.modules, declaredIn, isDeclaration)
  return {
    name,
    ...(checked.describe === undefined ? {} : { describe: checked.describe }),
    inputs: checked.inputs,
    params: checked.params as ArtifactNode['params'],
    tools: toolSpecs(checked.tools),
    env: checked.env,
    outputs: Object.fromEntries(
      Object.entries(checked.outputs).map(([output, path]) => [
        output,
        typeof path === 'string' ? { path, published: true } : { path: path.internal, published: false },
      ]),
    ),
    network: checked.network,
    code: codeDigest(bundle.modules, modules),
    modules,
    declaredIn,
  }
}

function lockfileNode({ name, declaration }: Declared<AnyLockfileDeclaration>): LockfileNode {
  checkName(name, 'lock')
  const checked = check(LockfileSchema, declaration, `the lock '${name}'`)
  return {
    name,
    path: checked.path,
    inputs: checked.inputs,
    params: checked.params as LockfileNode['params'],
    mirrorParams: checked.mirrorParams,
    hostFiles: checked.hostFiles,
    tools: toolSpecs(checked.tools),
  }
}

const toolSpecs = (tools: readonly (string | { name: string; atLeast: string })[]): ToolSpec[] =>
  tools.map((tool) => (typeof tool === 'string' ? { name: tool } : tool))

/**
 * The modules that stand on the call stack of a declaration: the one that calls `artifact`, and the ones whose
 * values a function of a plugin may have closed over. All modules, should the stack show none.
 */
function modulesOnStack(stack: string, modules: ReadonlyMap<string, Module>): readonly string[] {
  const labels = [...modules.values()]
    .filter(({ label, path }) => !label.startsWith(API) && isOnStack(stack, path))
    .map(({ label }) => label)
  return labels.length > 0 ? labels : [...modules.keys()]
}

/** A path stands on a stack as it is or as an address; it may hold blanks and brackets, so it is looked for whole. */
const isOnStack = (stack: string, path: string): boolean =>
  stack.includes(`${path}:`) || stack.includes(`${pathToFileURL(path).href}:`)

function checkName(name: string, what: string): void {
  try {
    nameOf(name)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure(`no ${what} can be called '${name}'`, { hint: reason, exitCode: 2 })
  }
  if (COMMANDS.includes(name))
    throw new Failure(`no ${what} can be called '${name}': it is a command of lbuild`, {
      hint: 'give it another name',
      exitCode: 2,
    })
}

function checkReferences(artifacts: readonly ArtifactNode[], lockfiles: readonly LockfileNode[]): void {
  const byName = new Map(artifacts.map((node) => [node.name, node]))
  const lockfileNames = lockfiles.map(({ name }) => name)
  for (const node of artifacts)
    for (const [input, reference] of Object.entries(node.inputs)) {
      if (reference.kind === 'downloads' && !lockfileNames.includes(reference.lock))
        throw dangling(
          node.name,
          input,
          `the lock '${reference.lock}'`,
          unlisted(reference.lock, lockfileNames),
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
  new Failure(`the artifact '${artifact}' takes ${what}, which is not there`, {
    facts: [['input', input]],
    hint,
    exitCode: 2,
  })

const unlisted = (word: string, known: readonly string[]): string =>
  `list it in build.config.ts, or: ${suggestion(word, known)}`

function checkOutputs(artifacts: readonly ArtifactNode[]): void {
  const makers = new Map<string, string>()
  for (const { name, outputs } of artifacts)
    for (const { path, published } of Object.values(outputs)) {
      if (!published) continue
      for (const [other, maker] of makers)
        if (other === path || other.startsWith(`${path}/`) || path.startsWith(`${other}/`))
          throw new Failure(`two outputs want the same place in output/`, {
            facts: [
              [maker, other],
              [name, path],
            ],
            hint: 'give one of them another path',
            exitCode: 2,
          })
      makers.set(path, name)
    }
}

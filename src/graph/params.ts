// Sets params from profiles and the command line.
import type { Json, Param } from '../api/params.ts'
import { parseParam } from '../api/params.ts'
import { Failure } from '../platform/failure.ts'
import type { ArtifactNode, Graph, LockfileNode } from './graph.ts'
import { nearest, suggestion } from './names.ts'

/**
 * Values for params, by `NAME` (every artifact and lockfile that declares the param), `ARTIFACT.NAME` (that artifact and its
 * copies for variants) or `LOCKFILE.NAME`.
 */
export type Overrides = Readonly<Record<string, Json>>

/** The source of values that the member `params` of the config sets. */
export const CONFIG = 'build.config.ts'

/** The source of values that a profile sets, and the name in it. */
const profileSource = (name: string): string => `the profile '${name}' of build.config.ts`
const PROFILE = /^the profile '(.*)' of build\.config\.ts$/s

/**
 * The graph with other values for some params. `source` names who set them, for messages. Throws a Failure (exit code 2)
 * for a param that nothing declares and for a value that cannot be parsed.
 */
export function withParams(graph: Graph, overrides: Overrides, source: string): Graph {
  const used = new Set<string>()
  const apply = <N extends ArtifactNode | LockfileNode>(node: N): N => {
    const params = Object.fromEntries(
      Object.entries(node.params).map(([name, param]) => {
        const keys = keysOf(node, name, param)
        const key = keys.find((one) => Object.hasOwn(overrides, one))
        const value = key === undefined ? undefined : overrides[key]
        if (key === undefined || value === undefined) return [name, param]
        used.add(key).add(name)
        return [name, setParam(param, key, value, source)]
      }),
    )
    return { ...node, params }
  }
  const artifacts = graph.artifacts.map(apply)
  const lockfiles = graph.lockfiles.map(apply)
  for (const name of Object.keys(overrides)) {
    if (used.has(name)) continue
    throw new Failure(`unknown param '${name}'`, {
      facts: [['set by', source]],
      hint: paramHint(graph, name),
      exitCode: 2,
    })
  }
  return { ...graph, artifacts, lockfiles }
}

/**
 * The keys of values that set a param, the strongest first. What is set for an artifact also applies to its copies for variants,
 * except to params that these set themselves.
 */
function keysOf(node: ArtifactNode | LockfileNode, name: string, { pinned }: Param): readonly string[] {
  const own = `${node.name}.${name}`
  if (pinned) return [own]
  return 'producer' in node ? [own, `${node.producer}.${name}`, name] : [own, name]
}

/** An artifact of a variant with a value for one of its params, which only `ARTIFACT.NAME` replaces. */
export function withParam(node: ArtifactNode, name: string, value: Json, source: string): ArtifactNode {
  const param = node.params[name]
  if (!param) return node
  return {
    ...node,
    params: { ...node.params, [name]: { ...setParam(param, name, value, source), pinned: true } },
  }
}

const setParam = (param: Param, name: string, value: Json, source: string): Param => ({
  ...param,
  value: parse(param, name, value, source),
  default: defaultOf(param),
  setBy: source,
})

/** The value of a param if nothing sets it. */
export const defaultOf = (param: Param): Json => param.default ?? param.value

/** A param with the artifact or lockfile that declares it. */
export interface OwnedParam {
  readonly name: string
  readonly kind: 'artifact' | 'lockfile'
  readonly owner: string
  readonly param: Param
}

/** The params of some artifacts and lockfiles, in the order of their owners and declarations. */
export const ownedParams = (
  artifacts: readonly ArtifactNode[],
  lockfiles: readonly LockfileNode[],
): readonly OwnedParam[] =>
  [
    ...artifacts.map((node) => ({ node, kind: 'artifact' as const })),
    ...lockfiles.map((node) => ({ node, kind: 'lockfile' as const })),
  ].flatMap(({ node, kind }) =>
    Object.entries(node.params).map(([name, param]) => ({ name, kind, owner: node.name, param })),
  )

/** What set the value of a param. */
export interface ParamOrigin {
  readonly origin: 'default' | 'config' | 'variant' | 'profile' | 'command line'
  /** The name of the profile. */
  readonly profile?: string
}

/** Says what set the value of a param. */
export function originOf({ setBy }: Param): ParamOrigin {
  if (setBy === undefined) return { origin: 'default' }
  if (setBy === CONFIG) return { origin: 'config' }
  if (setBy.startsWith('the variant ')) return { origin: 'variant' }
  const [, profile] = PROFILE.exec(setBy) ?? []
  return profile === undefined ? { origin: 'command line' } : { origin: 'profile', profile }
}

/** A hint for an unknown param; for `ARTIFACT.NAME` it names the artifacts that declare NAME. */
function paramHint(graph: Graph, given: string): string {
  const names = paramNames(graph)
  const [, owner, own] = /^([^.]*)\.(.*)$/.exec(given) ?? []
  const near = nearest(own ?? '', names)
  if (owner === undefined || near === undefined) return suggestion(given, names)
  const nodes = [...graph.artifacts, ...graph.lockfiles]
  const owners = nodes.filter(({ params }) => Object.hasOwn(params, near)).map(({ name }) => name)
  const meant = owners.includes(owner) ? owner : nearest(owner, owners)
  return meant === undefined
    ? `did you mean ${owners.map((name) => `'${name}.${near}'`).join(' or ')}?`
    : `did you mean '${meant}.${near}'?`
}

/** The name that selects no profile, for a command that has a default profile. */
export const NO_PROFILE = 'none'

/** The graph with the values of a profile. Throws a Failure (exit code 2) for an undeclared profile. */
export function withProfile(graph: Graph, name: string): Graph {
  if (name === NO_PROFILE) return graph
  const values = Object.hasOwn(graph.profiles, name) ? graph.profiles[name] : undefined
  if (values) return withParams(graph, values, profileSource(name))
  const known = Object.keys(graph.profiles)
  throw new Failure(`unknown profile '${name}'`, {
    hint: suggestion(name, known),
    exitCode: 2,
  })
}

/** The names of all params, sorted, each once. */
export const paramNames = (graph: Graph): string[] =>
  [...new Set([...graph.artifacts, ...graph.lockfiles].flatMap((node) => Object.keys(node.params)))].sort()

function parse(param: Param, name: string, value: Json, source: string): Json {
  try {
    return parseParam(param, value)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new Failure(`cannot set the param '${name}': ${error.message}`, {
      facts: [
        ['set by', source],
        ...(param.describe === undefined ? [] : [['meaning', param.describe] as const]),
      ],
      hint: 'set another value',
      exitCode: 2,
    })
  }
}

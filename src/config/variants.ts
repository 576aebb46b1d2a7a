// Expands variants: copies artifacts with other params, and shares the dependencies that these do not change.
import type { VariantDeclaration } from '../api/variant.ts'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import { dependenciesOf } from '../graph/graph.ts'
import { suggestion } from '../graph/names.ts'
import { withParam } from '../graph/params.ts'
import { Failure } from '../platform/failure.ts'

/** The nodes that variants may refer to, by name. */
type Nodes = ReadonlyMap<string, ArtifactNode>

/**
 * The artifacts with the copies that variants need. `variants` are by name. Throws a Failure (exit code 2) for a variant of an
 * undeclared artifact, for a name that exists, and for a param that nothing declares which the variant could copy.
 */
export function withVariants(
  artifacts: readonly ArtifactNode[],
  lockfiles: readonly LockfileNode[],
  variants: ReadonlyMap<string, VariantDeclaration>,
): readonly ArtifactNode[] {
  const nodes = new Map(artifacts.map((node) => [node.name, node]))
  let waiting = [...variants]
  while (waiting.length > 0) {
    const ready = waiting.filter(([, { base }]) => nodes.has(base))
    const [first] = waiting
    if (ready.length === 0 && first) throw unknownBase(first, nodes)
    for (const [name, { base, params }] of ready)
      for (const copy of new Variant(name, base, nodes, lockfiles).copies(params)) {
        if (nodes.has(copy.name)) throw taken(name, copy.name)
        nodes.set(copy.name, copy)
      }
    waiting = waiting.filter((one) => !ready.includes(one))
  }
  return [...nodes.values()]
}

class Variant {
  readonly #name: string
  readonly #base: string
  readonly #lockfiles: readonly LockfileNode[]
  /** The base and its dependencies, dependencies first. */
  readonly #nodes: Nodes

  constructor(name: string, base: string, nodes: Nodes, lockfiles: readonly LockfileNode[]) {
    this.#name = name
    this.#base = base
    this.#lockfiles = lockfiles
    this.#nodes = withDependencies(base, nodes)
  }

  /** The copies of the base and of the dependencies that the params change, directly or not. */
  copies(params: VariantDeclaration['params']): readonly ArtifactNode[] {
    const copied = new Set([this.#base, ...Object.keys(params).flatMap((key) => this.#ownersOf(key))])
    // Dependencies come first, so one pass finds all that depend on a copy.
    for (const node of this.#nodes.values())
      if (dependenciesOf(node).some((name) => copied.has(name))) copied.add(node.name)
    return [...this.#nodes.values()]
      .filter(({ name }) => copied.has(name))
      .map((node) => {
        let copy = this.#copy(node, copied)
        for (const [key, value] of Object.entries(params)) {
          const param = paramNamed(key, node)
          if (param !== undefined) copy = withParam(copy, param, value, `the variant '${this.#name}'`)
        }
        return copy
      })
  }

  /** The names of the nodes whose param a key of the variant's params sets. */
  #ownersOf(key: string): readonly string[] {
    const has = (node: ArtifactNode | LockfileNode): boolean => paramNamed(key, node) !== undefined
    const owners = [...this.#nodes.values()].filter(has).map(({ name }) => name)
    const [lockfile] = this.#lockfiles.filter(has)
    if (owners.length > 0 && !lockfile) return owners
    const names = [...new Set([...this.#nodes.values()].flatMap(({ params }) => Object.keys(params)))].sort()
    throw new Failure(
      lockfile
        ? `the variant '${this.#name}' sets '${key}', a param of the lockfile '${lockfile.name}'`
        : `the variant '${this.#name}' sets an unknown param '${key}'`,
      {
        hint: lockfile
          ? 'declare another lockfile: variants share the downloads of a lockfile'
          : names.length > 0
            ? suggestion(key, names)
            : `declare it in '${this.#base}' or one of its dependencies`,
        exitCode: 2,
      },
    )
  }

  #nameOf(node: string): string {
    return node === this.#base ? this.#name : `${this.#name}-${node}`
  }

  #copy(node: ArtifactNode, copied: ReadonlySet<string>): ArtifactNode {
    const { describe, inputs, outputs } = node
    return {
      ...node,
      name: this.#nameOf(node.name),
      producer: node.producer ?? node.name,
      ...(describe === undefined ? {} : { describe: `${describe}, for the variant ${this.#name}` }),
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([input, of]) => [
          input,
          of.kind === 'output' && copied.has(of.artifact)
            ? { ...of, artifact: this.#nameOf(of.artifact) }
            : of,
        ]),
      ),
      outputs: Object.fromEntries(
        Object.entries(outputs).map(([output, { path, published }]) => [
          output,
          { path: published ? `${this.#name}/${path}` : path, published },
        ]),
      ),
    }
  }
}

/** The param of a node that a key names, by `PARAM` or `OWNER.PARAM`; undefined if there is none. */
function paramNamed(key: string, { name, params }: ArtifactNode | LockfileNode): string | undefined {
  if (Object.hasOwn(params, key)) return key
  const own = key.startsWith(`${name}.`) ? key.slice(name.length + 1) : undefined
  return own !== undefined && Object.hasOwn(params, own) ? own : undefined
}

/** An artifact and everything that it depends on, dependencies first. Ends at a cycle, which another check reports. */
function withDependencies(base: string, nodes: Nodes): Nodes {
  const found = new Map<string, ArtifactNode>()
  const seen = new Set<string>()
  const visit = (name: string): void => {
    const node = nodes.get(name)
    if (!node || seen.has(name)) return
    seen.add(name)
    for (const dependency of dependenciesOf(node)) visit(dependency)
    found.set(name, node)
  }
  visit(base)
  return found
}

const unknownBase = ([name, { base }]: readonly [string, VariantDeclaration], nodes: Nodes): Failure =>
  new Failure(`the variant '${name}' is of the artifact '${base}', which is not declared`, {
    hint: `list '${base}' in build.config.ts; ${suggestion(base, [...nodes.keys()])}`,
    exitCode: 2,
  })

const taken = (variant: string, name: string): Failure =>
  new Failure(`the variant '${variant}' needs the name '${name}', which another artifact has`, {
    hint: 'rename one of them',
    exitCode: 2,
  })

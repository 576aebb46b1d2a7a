// A generated distro, its producers and its expected outputs.
import { tree } from '../../../src/api/inputs.ts'
import { DEFAULT_LIMITS } from '../../../src/graph/limits.ts'
import * as fs from 'node:fs'
import type { ArtifactNode, Graph } from '../../../src/graph/graph.ts'
import { sha256 } from '../../../src/platform/digest.ts'
import type { ProducerRequest } from '../../../src/sandbox/request.ts'
import { makeTools, TOOL_PATH, toolContent, TOOLS } from './tools.ts'

/** How much of its inputs an artifact writes into its outputs. The less it writes, the more early cutoff there is. */
export const KINDS = ['all', 'names', 'parity', 'start', 'constant'] as const

/** An artifact of a generated distro. All lists hold indices. */
export interface ArtifactModel {
  dependencies: number[]
  files: number[]
  trees: number[]
  optional: boolean
  /** The index of its tool; with none, there are as many. */
  tool: number
  env: boolean
  param: number
  code: number
  kind: (typeof KINDS)[number]
  outputs: 1 | 2
  /** Whether its second output stays in the store. */
  internal: boolean
}

/** An artifact without inputs and with one published output. */
export const PLAIN: ArtifactModel = {
  dependencies: [],
  files: [],
  trees: [],
  optional: false,
  tool: TOOLS.length,
  env: false,
  param: 0,
  code: 0,
  kind: 'all',
  outputs: 1,
  internal: false,
}

/** How many files, and how many trees, a generated distro has. */
export const SOURCES = 3

/**
 * A generated distro: its graph as lbuild gets it, its producers, and an oracle for every published output. The oracle
 * reads the workspace and knows nothing of keys, records or plans.
 */
export class Model {
  readonly artifacts: ArtifactModel[]
  environment = 'first'
  readonly #root: string

  constructor(root: string, artifacts: ArtifactModel[]) {
    this.#root = root
    this.artifacts = artifacts
    for (let number = 0; number < SOURCES; number += 1) {
      fs.mkdirSync(`${root}/src/t${number}/deep`, { recursive: true })
      fs.writeFileSync(`${root}/src/f${number}`, `file ${number}`)
      fs.writeFileSync(`${root}/src/t${number}/a`, 'a')
      fs.writeFileSync(`${root}/src/t${number}/b`, 'b')
      fs.writeFileSync(`${root}/src/t${number}/deep/c`, 'c')
    }
    makeTools(root)
  }

  nameOf(index: number): string {
    return `a${index}`
  }

  get names(): string[] {
    return this.artifacts.map((_, index) => this.nameOf(index))
  }

  /** The names of targets and of all below them. */
  closure(targets: readonly number[]): Set<number> {
    const found = new Set<number>()
    const visit = (index: number): void => {
      if (found.has(index)) return
      found.add(index)
      this.artifacts[index]!.dependencies.forEach(visit)
    }
    targets.forEach(visit)
    return found
  }

  graph(): Graph {
    const nodes = this.artifacts.map((artifact, index) => this.#node(artifact, index))
    const modules = nodes.map(({ name, code }) => [`${name}.ts`, code] as const)
    return {
      artifacts: nodes,
      lockfiles: [],
      epoch: 1_000_000_000,
      // Every other distro has a store so small that every build collects.
      store: { keep: 2, maxSize: this.artifacts.length % 2 === 0 ? 2_000 : 2 ** 40 },
      boot: {},
      profiles: {},
      toolPath: [...TOOL_PATH],
      modules: Object.fromEntries(modules),
      imports: {},
    }
  }

  /** Writes the outputs of one run from what it sees in its own directories. */
  produce(request: ProducerRequest, env: Readonly<Record<string, string>>): void {
    const index = request.task.kind === 'produce' ? Number(request.task.artifact.slice(1)) : -1
    const { dependencies, optional, tool, env: seesEnv, kind, code } = this.artifacts[index]!
    const seen = new Map<string, string>()
    for (const [name, path] of Object.entries(request.inputs))
      if (!optional || name !== 'maybe' || fs.existsSync(path)) seen.set(name, stateOf(path, kind))
    for (const at of dependencies) seen.set(`d${at}`, fs.readFileSync(request.inputs[`d${at}`]!, 'utf8'))
    const used = TOOLS[tool]
    if (used) seen.set('tool', toolContent(this.#root, used))
    if (seesEnv) seen.set('env', env['LAB_ENV'] ?? 'none')
    const { param } = request.params as { param: number }
    for (const [name, path] of Object.entries(request.outputs))
      fs.writeFileSync(path, contentOf(kind, name, code, param, seen))
  }

  /** What each published output of some artifacts must be, by its path below `output/`. */
  expected(artifacts: Iterable<number>): Map<string, string> {
    const made = new Map<number, Map<string, string>>()
    const outputs = new Map<string, string>()
    for (const index of artifacts)
      for (const [name, content] of this.#made(index, made))
        if (!(name === 'second' && this.artifacts[index]!.internal)) outputs.set(pathOf(index, name), content)
    return outputs
  }

  #made(index: number, made: Map<number, Map<string, string>>): Map<string, string> {
    const known = made.get(index)
    if (known) return known
    const artifact = this.artifacts[index]!
    const { kind } = artifact
    const seen = new Map<string, string>()
    for (const at of artifact.files) seen.set(`f${at}`, stateOf(`${this.#root}/src/f${at}`, kind))
    for (const at of artifact.trees) seen.set(`t${at}`, stateOf(`${this.#root}/src/t${at}`, kind))
    if (artifact.optional && fs.existsSync(`${this.#root}/src/maybe`))
      seen.set('maybe', stateOf(`${this.#root}/src/maybe`, kind))
    for (const at of artifact.dependencies) {
      const outputs = this.#made(at, made)
      seen.set(`d${at}`, outputs.get(takenOutput(this.artifacts[at]!, index))!)
    }
    const tool = TOOLS[artifact.tool]
    if (tool) seen.set('tool', toolContent(this.#root, tool))
    if (artifact.env) seen.set('env', this.environment)
    const names = artifact.outputs === 1 ? ['first'] : ['first', 'second']
    const outputs = new Map(
      names.map((name) => [name, contentOf(kind, name, artifact.code, artifact.param, seen)]),
    )
    made.set(index, outputs)
    return outputs
  }

  #node(artifact: ArtifactModel, index: number): ArtifactNode {
    const name = this.nameOf(index)
    const { files, trees, dependencies, optional, tool, env, param, code, outputs, internal } = artifact
    const inputs: ArtifactNode['inputs'] = Object.fromEntries([
      ...files.map((at) => [`f${at}`, { kind: 'file', path: `src/f${at}`, optional: false }] as const),
      ...trees.map((at) => [`t${at}`, tree(`src/t${at}`)] as const),
      ...(optional ? [['maybe', { kind: 'file', path: 'src/maybe', optional: true }] as const] : []),
      ...dependencies.map((at) => {
        const output = takenOutput(this.artifacts[at]!, index)
        return [`d${at}`, { kind: 'output', artifact: this.nameOf(at), output }] as const
      }),
    ])
    return {
      name,
      inputs,
      params: { param: { type: 'integer', value: param } },
      tools: TOOLS.filter((_, at) => at === tool).map((one) => ({ name: one })),
      env: env ? ['LAB_ENV'] : [],
      outputs: {
        first: { path: pathOf(index, 'first'), published: true },
        ...(outputs === 2 ? { second: { path: pathOf(index, 'second'), published: !internal } } : {}),
      },
      network: false,
      limits: DEFAULT_LIMITS,
      // A module defines what its artifact does and where the outputs go.
      code: sha256(JSON.stringify([code, artifact.kind, outputs, internal])),
      modules: [`${name}.ts`],
      declaredIn: [`${name}.ts`],
    }
  }
}

const pathOf = (index: number, output: string): string => `a${index}/${output}`

const takenOutput = (from: ArtifactModel, by: number): string =>
  from.outputs === 2 && by % 2 === 1 ? 'second' : 'first'

/** All that a producer may read of a path: types, names, contents, link targets and executable bits. */
function stateOf(path: string, kind: ArtifactModel['kind']): string {
  const stat = fs.lstatSync(path)
  if (stat.isSymbolicLink()) return `link ${fs.readlinkSync(path)}`
  if (stat.isDirectory()) {
    const names = fs.readdirSync(path).sort()
    return `{${names.map((name) => `${JSON.stringify(name)}:${stateOf(`${path}/${name}`, kind)}`).join()}}`
  }
  if (kind === 'names') return 'file'
  return `${(stat.mode & 0o100) === 0 ? 'file' : 'program'} ${JSON.stringify(fs.readFileSync(path, 'utf8'))}`
}

function contentOf(
  kind: ArtifactModel['kind'],
  output: string,
  code: number,
  param: number,
  seen: ReadonlyMap<string, string>,
): string {
  const all = JSON.stringify([...seen].sort(([a], [b]) => (a < b ? -1 : 1)))
  const shown = {
    all,
    names: all,
    parity: String(Buffer.from(all).reduce((sum, byte) => sum + byte, 0) % 2),
    start: sha256(all).slice(0, 1),
    constant: '',
  }[kind]
  // A digest keeps contents short in a chain of sixty artifacts.
  const short = shown.length > 100 ? sha256(shown) : shown
  return `${output} by code ${code} with ${param}: ${kind} ${short}\n`
}
